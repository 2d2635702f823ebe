# shellcheck shell=bash
# What a backup is: a tar of parts and a manifest with the SHA-256 of each. With a passphrase every part is encrypted (AES-256-CTR; keys
# by PBKDF2 from the passphrase and a salt), and the manifest carries a MAC, so nothing can be changed, added, taken away or put in
# from another backup without it. Without one the manifest shows damage, and nothing against malice. Sourced after
# common.sh and secrets.sh; PASSPHRASE_FILE is empty or names the file.

PASSPHRASE_FILE=${PASSPHRASE_FILE:-}
# Rounds of PBKDF2-HMAC-SHA-256: what trying a passphrase costs. OWASP's figure of 2023.
ROUNDS=600000

# check_passphrase: the first line of the file has 16 characters or more.
check_passphrase () {
  local line=''
  [ -r "$PASSPHRASE_FILE" ] || die "$PASSPHRASE_FILE cannot be read"
  read -r line < "$PASSPHRASE_FILE" || true
  [ "${#line}" -ge 16 ] || die "the first line of $PASSPHRASE_FILE has to have 16 characters or more: openssl rand -base64 32 > FILE"
}

# derive_keys SALT: two keys of 32 bytes from the passphrase, once for a backup: the first PBKDF2 costs what it costs on purpose. They
# are the beginning of a cipher's stream that is used for nothing else, and no text is ever encrypted with it: whoever knows a
# part learns nothing of them. They are in variables of this shell alone, on no command line and in no file.
derive_keys () {
  local stream
  # Some versions of openssl write the salt in front.
  stream=$(head -c 64 /dev/zero | openssl enc -aes-256-ctr -pbkdf2 -iter "$ROUNDS" -md sha512 -pass "file:$PASSPHRASE_FILE" -S "$1" | tail -c 64 | od -An -v -tx1 | tr -d ' \n')
  [ "${#stream}" -eq 128 ] || die "$PASSPHRASE_FILE: openssl made no key of it"
  PART_KEY=${stream:0:64}
  MAC_KEY=${stream:64}
}

# cipher OPTION: one round is enough for a key of 256 random bits; with a salt of its own each part has a key of its own.
cipher () { openssl enc -aes-256-ctr -pbkdf2 -iter 1 -md sha256 -pass fd:3 "$@" 3< <(printf '%s\n' "$PART_KEY"); }

# seal: stdin to stdout, encrypted if there is a passphrase.
seal () { if [ -n "$PASSPHRASE_FILE" ]; then cipher -salt; else cat; fi; }

# unseal: the way back.
unseal () { if [ -n "$PASSPHRASE_FILE" ]; then cipher -d; else cat; fi; }

# mac_of FILE: 64 hex digits. H(k, H(k, text)).
mac_of () {
  { printf '%s' "$MAC_KEY"; { printf '%s' "$MAC_KEY"; cat "$1"; } | sha256_text; } | sha256_text
}

# member FILE NAME: one part of a backup, to stdout. Parts are named by this program only, never by the backup.
member () { tar -xOf "$1" -- "$2"; }

# verify_backup FILE FOLDER: leaves the manifest in FOLDER; ends with 1 and the reason when something is not as it was written.
verify_backup () {
  local file=$1 folder=$2 kind salt
  tar -xOf "$file" -- manifest > "$folder/manifest" 2> /dev/null || die "$file is not a backup, or not a whole one: it has no manifest"
  [ "$(head -n 1 "$folder/manifest")" = 'drawbridge-backup 1' ] || die "$file is of another version of scripts/backup"
  kind=$(manifest_value "$folder" sealed)
  if [ "$kind" = plain ]; then
    [ -z "$PASSPHRASE_FILE" ] || die "$file is not encrypted: whoever had it could have changed it. Leave --passphrase-file out if you trust it"
  else
    [ -n "$PASSPHRASE_FILE" ] || die "$file is encrypted: --passphrase-file FILE"
    salt=$(manifest_value "$folder" salt)
    [[ $salt =~ ^[0-9a-f]{16}$ ]] || die "$file: the manifest was changed"
    derive_keys "$salt"
    [ "$(member "$file" manifest.mac 2> /dev/null)" = "$(mac_of "$folder/manifest")" ] || die "$file: wrong passphrase, or the manifest was changed"
  fi
  verify_parts "$file" "$folder"
}

verify_parts () {
  local file=$1 folder=$2 word digest bytes name
  while read -r word digest bytes name; do
    [ "$word" = part ] || continue
    [[ $name =~ ^[a-z0-9.-]+$ ]] || die "$file: the manifest was changed"
    [ "$(member "$file" "$name" 2> /dev/null | sha256_text)" = "$digest" ] || die "$file: $name was changed or is damaged ($bytes bytes were written)"
  done < "$folder/manifest"
}

# manifest_value FOLDER WORD: the rest of the line that begins with WORD.
manifest_value () { sed -nE "s/^$2 (.*)$/\1/p" "$1/manifest" | head -n 1; }

# has_part FOLDER NAME
has_part () { grep -qE "^part [0-9a-f]{64} [0-9]+ $2$" "$1/manifest"; }
