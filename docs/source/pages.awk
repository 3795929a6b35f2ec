# A page of the manual, from its text and from what the programs know.
#
#	awk -f pages.awk FACTS kruxos.conf.5.in		mdoc(7)
#	awk -f pages.awk FACTS configuration.md.in	Markdown
#
# FACTS is what build/docs/facts prints (facts.c). A line of the text that begins
# with @ stands for those of a kind, in the form of the page:
#
#	@settings SECTION   each key with what it may be, its default, its words
#	@services @alerts @limits   what is there without being configured
#	@figures            what an alert can be about
#
# Each section of the settings has to have its place in the page.

BEGIN { FS = "\t" }

FNR == 1 { files++; mdoc = FILENAME !~ /\.md\.in$/ }

function fail(sentence) {
	print FILENAME ":" FNR ": " sentence > "/dev/stderr"
	failed = 1
	exit 1
}

# --- facts --------------------------------------------------------------------

files == 1 {
	count[$1]++
	for (i = 2; i <= NF; i++)
		fact[$1, count[$1], i - 1] = $i
	if ($1 == "setting")
		sections[$2] = 1
	next
}

# --- words in mdoc(7) -----------------------------------------------------------

# A sentence begins a line, a macro has one of its own, and no line is longer
# than 80 columns.
function end_line() {
	if (line != "")
		print line
	line = ""
}

function put(word) {
	if (line != "" && length(line) + 1 + length(word) > 80)
		end_line()
	line = line == "" ? word : line " " word
}

# "`a b`," and "kruxosd(8)." are macros; their punctuation follows in words.
function put_macro(macro, text, behind,    i) {
	end_line()
	if (text ~ /^[|.,:;()\[\]?!]$/)
		text = "\\&" text
	text = macro " " text
	for (i = 1; i <= length(behind); i++)
		text = text " " substr(behind, i, 1)
	print text
}

function print_mdoc(text,    n, parts, i, words, w, word, behind) {
	n = split(text, parts, "`")
	for (i = 1; i <= n; i++) {
		if (i % 2 == 0) {
			behind = ""
			if (match(parts[i + 1], /^[.,;:)]+/)) {
				behind = substr(parts[i + 1], 1, RLENGTH)
				parts[i + 1] = substr(parts[i + 1], RLENGTH + 1)
			}
			put_macro(".Ql", parts[i], behind)
			continue
		}
		w = split(parts[i], words, " ")
		for (j = 1; j <= w; j++) {
			word = words[j]
			if (match(word, /^[a-z.-]+\([158]\)/)) {
				put_macro(".Xr", substr(word, 1, RLENGTH - 3) " " \
				    substr(word, RLENGTH - 1, 1), \
				    substr(word, RLENGTH + 1))
				continue
			}
			put(word)
			if (word ~ /\.$/)
				end_line()
		}
	}
	end_line()
}

# --- what stands for @ ------------------------------------------------------------

function sentence(values) {
	return toupper(substr(values, 1, 1)) substr(values, 2) "."
}

function cell(text) {
	gsub(/\|/, "\\|", text)
	return text
}

function settings(section,    i, standard) {
	if (!(section in sections))
		fail("no settings of a section [" section "]")
	delete sections[section]
	if (mdoc)
		print ".Bl -tag -width Ds"
	else
		print "| key | value | default | |\n|---|---|---|---|"
	for (i = 1; i <= count["setting"]; i++) {
		if (fact["setting", i, 1] != section)
			continue
		standard = fact["setting", i, 4]
		if (mdoc) {
			if (standard == ".")
				standard = "\\&."
			print ".It Cm " fact["setting", i, 2] \
			    (standard == "" ? "" : " Pq Li " standard)
			print_mdoc(fact["setting", i, 5] " " \
			    sentence(fact["setting", i, 3]))
		} else
			print "| `" fact["setting", i, 2] "` | " \
			    cell(fact["setting", i, 3]) " | " \
			    (standard == "" ? "" : "`" standard "`") " | " \
			    cell(fact["setting", i, 5]) " |"
	}
	if (mdoc)
		print ".El"
}

# Of a kind, what `columns` name, as a table.
function table(kind, columns, heads,    i, j, n, at, names, text) {
	n = split(columns, at, " ")
	split(heads, names, "|")
	if (mdoc)
		print ".Bl -column audit-write-failure \"approval_waiting_seconds > 1800\""
	else {
		text = "|"
		for (j = 1; j <= n; j++)
			text = text " " names[j] " |"
		print text
		gsub(/[^|]+/, "---", text)
		print text
	}
	for (i = 1; i <= count[kind]; i++) {
		text = mdoc ? ".It" : "|"
		for (j = 1; j <= n; j++)
			text = text (mdoc ? (j > 1 ? " Ta " : " ") \
			    fact[kind, i, at[j]] : \
			    " " (names[j] == "" ? fact[kind, i, at[j]] : \
			    "`" fact[kind, i, at[j]] "`") " |")
		print text
	}
	if (mdoc)
		print ".El"
}

# One after the other, with commas between.
function list(kind,    i, text) {
	for (i = 1; i <= count[kind]; i++)
		text = text (i > 1 ? ", " : "") "`" fact[kind, i, 1] "`"
	if (mdoc)
		print_mdoc(text ".")
	else
		print text "."
}

/^@settings / { settings(substr($0, 11)); next }
/^@services$/ { list("service"); next }
/^@limits$/ { list("limit"); next }
/^@alerts$/ {
	if (mdoc)
		table("alert", "1 2 3", "||")
	else
		table("alert", "1 2 3 4", "alert|when|severity|")
	next
}
/^@figures$/ {
	if (mdoc)
		list("figure")
	else
		table("figure", "1 2 3", "figure|at `/metrics`|")
	next
}
/^@/ { fail("nothing stands for " $0) }

{ print }

END {
	if (failed)
		exit 1
	for (section in sections)
		fail("nothing is said of [" section "]")
}
