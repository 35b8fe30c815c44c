#!/bin/sh
# Join two tables, CSV with a header and without quotes, by their first columns.
#   join.sh --left FILE --right FILE [--unmatched drop|keep] --joined FILE --rows FILE
set -eu
export LC_ALL=C

fail() {
  echo "error: $1" >&2
  exit 1
}

left='' right='' joined='' rows='' unmatched=drop
while [ $# -gt 0 ]; do
  [ $# -gt 1 ] || fail "$1 has no value"
  case $1 in
    --left) left=$2 ;;
    --right) right=$2 ;;
    --unmatched) unmatched=$2 ;;
    --joined) joined=$2 ;;
    --rows) rows=$2 ;;
    *) fail "unknown option $1" ;;
  esac
  shift 2
done
for table in "$left" "$right"; do
  [ -s "$table" ] || fail "no table ${table:-(--left and --right are needed)}"
  if grep -q '"' "$table"; then fail "$table has quotes, which this program does not read"; fi
done
[ -n "$joined" ] && [ -n "$rows" ] || fail "--joined and --rows are needed"
[ "$(head -n 1 "$left" | cut -d , -f 1)" = "$(head -n 1 "$right" | cut -d , -f 1)" ] ||
  fail "the first columns of the tables have different names"
case $unmatched in
  drop) more='' ;;
  keep) more='-a 1' ;;
  *) fail "--unmatched is $unmatched, expected drop or keep" ;;
esac

mkdir -p "$(dirname "$joined")" "$(dirname "$rows")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for side in left right; do
  if [ "$side" = left ]; then table=$left; else table=$right; fi
  # Line ends of Windows would become a part of the last column.
  tr -d '\r' < "$table" > "$work/table"
  head -n 1 "$work/table" > "$work/$side.header"
  tail -n +2 "$work/table" | sort -t , -k 1,1 > "$work/$side"
done
# Name every column, so that those which a row without a match lacks are empty.
columns=0
for side in left right; do
  if [ "$side" = left ]; then number=1; else number=2; fi
  last=$(($(tr -cd , < "$work/$side.header" | wc -c) + 1))
  column=2
  while [ "$column" -le "$last" ]; do
    columns="$columns,$number.$column"
    column=$((column + 1))
  done
done
join -t , -o "$columns" "$work/left.header" "$work/right.header" > "$work/joined"
# shellcheck disable=SC2086 # two words, or none
join -t , -o "$columns" $more "$work/left" "$work/right" >> "$work/joined"
cp "$work/joined" "$joined"
printf '%s' "$(($(wc -l < "$joined") - 1))" > "$rows"
