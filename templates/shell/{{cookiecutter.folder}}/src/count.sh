#!/bin/sh
# Count the lines of a text that match a pattern.
#   count.sh --text FILE [--pattern PATTERN] --lines FILE --count FILE
set -eu

fail() {
  echo "error: $1" >&2
  exit 1
}

text='' lines='' count=''
# An engine passes no pattern if its caller gives none, so the default stands here and in component.yaml.
pattern=''
while [ $# -gt 0 ]; do
  [ $# -gt 1 ] || fail "$1 has no value"
  case $1 in
    --text) text=$2 ;;
    --pattern) pattern=$2 ;;
    --lines) lines=$2 ;;
    --count) count=$2 ;;
    *) fail "unknown option $1" ;;
  esac
  shift 2
done
[ -n "$text" ] && [ -n "$lines" ] && [ -n "$count" ] || fail "--text, --lines and --count are needed"
[ -r "$text" ] || fail "cannot read $text"

# Not every engine makes the folders of outputs.
mkdir -p "$(dirname "$lines")" "$(dirname "$count")"

# 1 means that no line matches; what is above is an error, such as an invalid pattern.
status=0
grep -e "$pattern" -- "$text" > "$lines" || status=$?
[ "$status" -le 1 ] || fail "grep failed with $status"

# A value is the whole text of its file, so the line end goes.
number=$(wc -l < "$lines")
printf '%s' "$((number))" > "$count"
