# SQL into a C header, so that no SQL text stands in C.
#
#	awk -f header.awk -v stem=agents sql/agents.sql
#	    enum agents_statement and the table agents_statements, of the
#	    statements that begin with a line "-- name: agents_…"
#
#	awk -f header.awk -v schema=kruxos sql/schema/kruxos-*.sql
#	    the struct database_schema schema_kruxos: one migration a file, in
#	    the order of the arguments
#
# Comments on lines of their own and empty lines are left out.

function fail(sentence) {
	print FILENAME ":" FNR ": " sentence > "/dev/stderr"
	failed = 1
	exit 1
}

function quote(line) {
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	return "\t\t\"" line "\\n\"\n"
}

function begin_schema_file(    name, number) {
	name = FILENAME
	sub(/^.*\//, "", name)
	number = name
	sub("^" schema "-", "", number)
	sub(/-.*$/, "", number)
	count++
	if (number + 0 != count)
		fail("migration " count " expected, not " number)
	texts[count] = ""
}

schema != "" && FNR == 1 { begin_schema_file() }

/^-- name: / {
	if (schema != "")
		fail("a schema has no names")
	name = $3
	if (name !~ "^" stem "_[a-z0-9_]+$")
		fail("\"" name "\" does not begin with " stem "_")
	if (name in seen)
		fail("\"" name "\" comes twice")
	seen[name] = 1
	names[++count] = name
	texts[count] = ""
	next
}

/^[ \t]*--/ || /^[ \t]*$/ { next }

count == 0 { fail("SQL before the first \"-- name:\"") }

{ texts[count] = texts[count] quote($0) }

END {
	if (failed)
		exit 1
	print "/* Made from sql/ by sql/header.awk. */"
	if (schema != "") {
		print "#include \"store/database.h\"\n"
		print "static const char *const schema_" schema "_migrations[] = {"
		for (i = 1; i <= count; i++)
			printf "\t/* %d */\n%s\t,\n", i, texts[i]
		print "};\n"
		print "static const struct database_schema schema_" schema " = {"
		print "\t\"" schema "\", schema_" schema "_migrations, " count ","
		print "};"
		exit
	}
	print "#include \"store/statement.h\"\n"
	print "enum " stem "_statement {"
	for (i = 1; i <= count; i++)
		print "\t" toupper(names[i]) ","
	print "\t" toupper(stem) "_STATEMENTS\n};\n"
	print "static const struct statement_text " stem "_statements[] = {"
	for (i = 1; i <= count; i++)
		printf "\t{ \"%s\",\n%s\t},\n", names[i], texts[i]
	print "};"
}
