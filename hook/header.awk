# A text into a C header: the string NAME.
#
#	awk -f header.awk -v name=opencode_plugin opencode.js

BEGIN { print "static const char " name "[] =" }

{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	gsub(/\t/, "\\t")
	print "\t\"" $0 "\\n\""
}

END { print "\t;" }
