#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# For /etc/letsencrypt/renewal-hooks/deploy: copies a certificate that certbot has just got to the folder of the public
# listener, since certbot's own folders are root's. The listener takes it over by itself.
#
# RENEWED_LINEAGE      set by certbot: its folder for this certificate
# REGISTRY_PUBLIC_TLS  the listener's folder; /etc/registry/tls
# REGISTRY_GROUP       the group of the registry's user; registry
set -eu
folder=${REGISTRY_PUBLIC_TLS:-/etc/registry/tls}
name=$(basename "$RENEWED_LINEAGE")

# Names that begin with a dot are not looked at; a renaming is seen whole or not at all. Between the two the pair doesn't
# match, and the listener goes on with the old one.
install -m 640 -g "${REGISTRY_GROUP:-registry}" "$RENEWED_LINEAGE/privkey.pem" "$folder/.$name.key"
install -m 644 "$RENEWED_LINEAGE/fullchain.pem" "$folder/.$name.crt"
mv -f "$folder/.$name.key" "$folder/$name.key"
mv -f "$folder/.$name.crt" "$folder/$name.crt"
