#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a backup of the registry, looks at it as a restore would, and only then removes the oldest ones.
# The registry's own settings (REGISTRY_*) come from the environment, and these:
#   BACKUP_FOLDER            where the backups go; best a file system of another machine
#   BACKUP_PASSPHRASE_FILE   file with the passphrase of the secret files; empty: leave them out
#   BACKUP_KEEP              how many backups stay
set -eu

folder=${BACKUP_FOLDER:-/var/backups/registry}
keep=${BACKUP_KEEP:-30}
passphrase=${BACKUP_PASSPHRASE_FILE-/etc/registry/backup.pass}

umask 077
mkdir -p "$folder"
file=$folder/registry-$(date -u +%Y%m%dT%H%M%SZ).backup
if [ -n "$passphrase" ]; then
    registry backup "$file" --passphrase-file "$passphrase"
    registry backup verify "$file" --passphrase-file "$passphrase"
else
    registry backup "$file" --without-secrets
    registry backup verify "$file"
fi

# Names sort by time. Nothing but what this script has made is touched.
names=$(cd "$folder" && ls | grep -E '^registry-[0-9]{8}T[0-9]{6}Z\.backup$' | sort)
surplus=$(($(echo "$names" | wc -l) - keep))
[ "$surplus" -le 0 ] || echo "$names" | head -n "$surplus" | while read -r old; do
    rm -- "$folder/$old"
    echo "removed $folder/$old"
done
