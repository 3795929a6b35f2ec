#!/bin/sh
# Verify an audit log with sed, sha256sum and jq alone, as somebody would who
# has docs/log-format.md and does not trust the product.
#
#	tests/outsider/verify.sh DIR
#
# 0: "ok: N entries in M files, K payloads erased, head SEQ:HASH". 2: the first
# line that does not hold, as "FILE:LINE: seq N: WHAT". It starts a
# program for every hash, so it is for logs of a few thousand lines; it takes
# the form of a line for granted, and calls an unfinished write damage:
# verify.py has every rule of the page.
set -eu
export LC_ALL=C

dir=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

zeros=$(printf '%064d' 0)

# SHA-256 of a text, in hex.
hash_of() {
	hash=$(printf %s "$1" | sha256sum)
	echo "${hash%% *}"
}

damage() {
	echo "$file:$line_number: seq $expected_seq: $1"
	exit 2
}

# The files in the order of the log: that of the seqs of their first entries.
for path in "$dir"/*.jsonl; do
	[ -s "$path" ] || continue # a file with no bytes is no file
	file=${path##*/}
	seq=$(sed -n 1p "$path" | jq -r .seq 2>/dev/null) || seq=
	[ -n "$seq" ] || {
		echo "$file:1: no entry"
		exit 2
	}
	echo "$seq $file" >>"$work/unsorted"
done
[ -e "$work/unsorted" ] || {
	echo "ok: 0 entries in 0 files"
	exit 0
}
sort -n "$work/unsorted" | sed 's/^[0-9]* //' >"$work/files"

# What a file's successor says of its length, if there is one: bytes behind it
# are no part of the log.
length_of() {
	next=$(sed -n "/^$1\$/{n;p;}" "$work/files")
	if [ -n "$next" ]; then
		sed -n 1p "$dir/$next" | jq -r .request.previous_bytes
	else
		wc -c <"$dir/$1"
	fi
}

entries=0
erased=0
expected_seq=
: >"$work/erased"  # SEQ ERASER FILE:LINE
: >"$work/named"   # SEQ ERASER, as the audit.erase entries name them
: >"$work/removed" # LAST_SEQ LAST_HASH, of the files that retention removed

while read -r file; do
	length=$(length_of "$file")
	case $length in
	'' | *[!0-9]*)
		echo "$file: the next file does not say how long it is"
		exit 2
		;;
	esac
	head -c "$length" "$dir/$file" >"$work/file"
	lines=$(wc -l <"$work/file")

	# A line of fields for each entry, as far as these are entries.
	jq -r '[.seq, .capability, .prev_hash, .entry_hash, .payload_hash,
		.erased_by // 0] | join(" ")' "$work/file" >"$work/fields" \
		2>/dev/null || :
	# The head: all before the first ,"entry_hash":
	sed 's/,"entry_hash":.*//' "$work/file" >"$work/heads"
	# The payload: all behind the entry_hash, to the closing brace.
	sed 's/,"entry_hash":"[0-9a-f]*",/\n/; s/^[^\n]*\n//; s/}$//' \
		"$work/file" >"$work/payloads"
	jq -r 'select(.capability == "audit.erase") |
		"\(.request.seqs[]) \(.seq)"' "$work/file" >>"$work/named" \
		2>/dev/null || :
	jq -r 'select(.capability == "log.retention") |
		"\(.request.last_seq) \(.request.last_hash)"' "$work/file" \
		>>"$work/removed" 2>/dev/null || :

	line_number=0
	while
		line_number=$((line_number + 1))
		IFS= read -r head <&3 || [ -n "$head" ]
	do
		IFS= read -r payload <&4 || :
		read -r seq capability prev_hash entry_hash payload_hash \
			erased_by <&5 || damage "no entry"
		[ $line_number -le "$lines" ] || damage "not a whole line"

		if [ -z "$expected_seq" ]; then # the first of all
			expected_seq=$seq
			expected_hash=$prev_hash
			first_seq=$seq
			first_prev_hash=$prev_hash
			first_file=$file
		fi
		[ "$seq" = "$expected_seq" ] || damage "seq is $seq"
		if [ $line_number -eq 1 ] && [ "$capability" != log.open ]; then
			damage "the file begins with $capability"
		fi
		[ "$prev_hash" = "$expected_hash" ] || damage "prev_hash"
		[ "$(hash_of "$head")" = "$entry_hash" ] || damage "entry_hash"

		if [ "$erased_by" = 0 ]; then
			[ "$(hash_of "$payload")" = "$payload_hash" ] ||
				damage "payload_hash"
		else
			case $capability in
			audit.* | log.*) damage "$capability cannot be erased" ;;
			esac
			rest=${payload#"\"erased_by\":$erased_by"}
			[ -z "${rest#"${rest%%[! ]*}"}" ] || damage "erased_by"
			echo "$seq $erased_by $file:$line_number" >>"$work/erased"
			erased=$((erased + 1))
		fi

		expected_hash=$entry_hash
		expected_seq=$((expected_seq + 1))
		entries=$((entries + 1))
	done 3<"$work/heads" 4<"$work/payloads" 5<"$work/fields"
done <"$work/files"

# A log that does not begin at 1 says what went before, and who removed it.
if [ "$first_seq" = 1 ]; then
	[ "$first_prev_hash" = "$zeros" ] || {
		echo "$first_file:1: seq 1: prev_hash is not 64 zeros"
		exit 2
	}
elif ! grep -qx "$((first_seq - 1)) $first_prev_hash" "$work/removed"; then
	echo "$first_file:1: seq $first_seq: the log begins here, and no" \
		"log.retention says why"
	exit 2
fi

# Whoever erased a payload says so, later than it was written.
while read -r seq eraser place; do
	if [ "$eraser" -le "$seq" ] || ! grep -qx "$seq $eraser" "$work/named"; then
		echo "$place: seq $seq: erased, and entry $eraser does not say so"
		exit 2
	fi
done <"$work/erased"

files=$(wc -l <"$work/files")
echo "ok: $entries entries in $files files, $erased payloads erased," \
	"head $((expected_seq - 1)):$expected_hash"
