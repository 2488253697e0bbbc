#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gets a certificate for each NAME from an ACME authority with lego, or renews it when it is due. The listener takes new
# files over by itself. Usage: lego.sh NAME…
#
# ACME_EMAIL   where the authority writes to
# ACME_FOLDER  what lego keeps; REGISTRY_PUBLIC_TLS is the folder `certificates` in it
# ACME_SERVER  directory of the authority; lego's own default is Let's Encrypt
# ACME_HTTP    where lego listens for the challenge, which has to arrive at port 80 of NAME; :80
# ACME_DAYS    renew this many days before the end; 30
set -eu
umask 077

: "${ACME_EMAIL:?}" "${ACME_FOLDER:?}"
status=0
for name in "$@"; do
    set -- --accept-tos --email "$ACME_EMAIL" --path "$ACME_FOLDER" --domains "$name" \
        ${ACME_SERVER:+--server "$ACME_SERVER"} --http --http.port "${ACME_HTTP:-:80}"
    if [ -e "$ACME_FOLDER/certificates/$name.crt" ]; then
        set -- "$@" renew --no-random-sleep --days "${ACME_DAYS:-30}" # the timer has its own delay
    else
        set -- "$@" run
    fi
    lego "$@" || status=$? # one name that fails doesn't keep the others from being renewed
done
exit "$status"
