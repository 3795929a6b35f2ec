# JSON schemas into a C header: of each file a string, schema_NAME.
#
#	awk -f header.awk schemas/alerts.send.json …	schema_alerts_send, …
#
# The tabs at the beginning of lines, and the lines' ends, are for people.

FNR == 1 {
	name = FILENAME
	sub(/^.*\//, "", name)
	sub(/\.json$/, "", name)
	gsub(/\./, "_", name)
	if (NR > 1)
		print "\t;"
	print "static const char schema_" name "[] ="
}

{
	sub(/^\t+/, "")
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	print "\t\"" $0 "\""
}

END { print "\t;" }
