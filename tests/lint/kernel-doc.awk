#!/usr/bin/awk -f
# SPDX-License-Identifier: MIT
# Check of public headers: a comment of kernel-doc form stands before each function, and names each parameter.
#   kernel-doc.awk HEADER...
function complain(text) { print FILENAME ":" FNR ": " text; bad = 1 }

/^\/\*\*/ { doc = ""; in_doc = 1 }
in_doc { doc = doc "\n" $0; if ($0 ~ /\*\//) in_doc = 0; next }
/^TPHBUF_API|^static inline/ { declaration = ""; in_declaration = 1 }
in_declaration {
	declaration = declaration " " $0
	if ($0 !~ /[;{]/)
		next
	in_declaration = 0
	gsub(/\t/, " ", declaration)
	if (!match(declaration, /tphbuf_[a-z0-9_]+ *\(/))
		next
	name = substr(declaration, RSTART, RLENGTH)
	sub(/ *\($/, "", name)
	parameters = substr(declaration, RSTART + RLENGTH)
	sub(/\)[^)]*$/, "", parameters)
	if (doc !~ name "\\(\\)") {
		complain(name "() has no comment /** ... */")
	} else {
		n = split(parameters, parameter, ",")
		for (i = 1; i <= n; i++) {
			gsub(/\[[^]]*\]/, "", parameter[i])
			if (parameter[i] !~ /[a-z0-9_]+ *$/ || parameter[i] ~ /^ *void *$/)
				continue
			match(parameter[i], /[a-z0-9_]+ *$/)
			word = substr(parameter[i], RSTART)
			gsub(/ /, "", word)
			if (doc !~ "@" word "[^a-z0-9_]")
				complain(name "(): @" word " is not described")
		}
	}
	doc = ""
}
END { exit bad }
