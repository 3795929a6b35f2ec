# Which layer may include which? Refuses an arrow that points back.
#
#	awk -f tests/layers.awk FILE...
#
# Each include of ours names its folder (`#include "log/entry.h"`), so that a
# file's arrows can be read off its first lines. The table is the one of
# docs/architecture.md.
#
# What the build makes from sql/NAME.sql belongs to the folder of NAME.c, a
# schema to the two that have databases.

BEGIN {
	for (i = 1; i < ARGC; i++)
		given[ARGV[i]] = 1
	may["base"] = ""
	# what an alert and a policy may be about
	may["config"] = "base store/rule.h log/entry.h"
	may["log"] = "base"
	may["http"] = "base"
	may["store"] = "log base"
	may["door"] = "log base"
	may["collectors/kruxosd"] = "store door log config base"
	may["collectors/observer"] = "store door config base"
	may["fcgi"] = "http store door log config base"
	may["hook"] = "door log config base"
	may["cli"] = "store door log config base"
	may["cli/run"] = "cli http config base"
	may["docs/source"] = "config"
}

# "lib/log/entry.c" and "log/entry.h" lie in "log"; "cli/main.c" in "cli".
function folder_of(path) {
	sub(/^lib\//, "", path)
	sub(/\/[^\/]*$/, "", path)
	return path
}

# Are these the statements of a file in this folder?
function owns(folder, target,    name) {
	name = target
	sub(/^sql\//, "", name)
	sub(/\.h$/, "", name)
	if (name ~ /^schema_/)
		return folder == "store" || folder == "collectors/kruxosd"
	return (folder "/" name ".c") in given || \
	    ("lib/" folder "/" name ".c") in given
}

FNR == 1 {
	folder = folder_of(FILENAME)
	if (!(folder in may)) {
		printf "%s: no layer '%s' in tests/layers.awk\n", FILENAME, folder
		bad++
	}
}

/^#[ \t]*include[ \t]*"/ {
	split($0, part, "\"")
	target = part[2]
	if (target !~ /\//) {
		printf "%s:%d: \"%s\" does not name its folder\n",
		    FILENAME, FNR, target
		bad++
		next
	}
	to = folder_of(target)
	if (to == "sql") {
		if (!owns(folder, target)) {
			printf "%s:%d: \"%s\" holds statements of another folder\n",
			    FILENAME, FNR, target
			bad++
		}
		next
	}
	if (to != folder && to != "gen" && \
	    index(" " may[folder] " ", " " to " ") == 0 && \
	    index(" " may[folder] " ", " " target " ") == 0) {
		printf "%s:%d: %s must not include %s (\"%s\")\n",
		    FILENAME, FNR, folder, to, target
		bad++
	}
}

END { exit bad != 0 }
