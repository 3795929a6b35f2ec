# kruxos-monitor: one Makefile, not recursive.
#
#   make               the programs, into build/bin and build/fcgi
#   make help          the other targets and their variables
#
# Sources are found by wildcard: a new .c in lib/ needs no edit here, a new
# program one line. Local choices go into config.mak.

-include config.mak

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

VERSION := 0.1.0

CC       ?= gcc
ifeq ($(origin CC),default)
CC       := gcc
endif
AR       ?= ar
# gcov counts branches as the compiler has them: not optimized, those that stand
# in the source.
OPTIMIZE ?= $(if $(COVERAGE),-O0,-O2)
# Each kind of build has objects of its own.
BUILD    ?= build$(if $(SANITIZE),/sanitize-$(subst $(comma),-,$(SANITIZE)))$(if $(COVERAGE),/coverage)
comma    := ,

CPPFLAGS += -D_GNU_SOURCE -DKRUXOS_VERSION='"$(VERSION)"' -Ilib -I$(BUILD)/gen -I. \
            -include base/banned.h
CFLAGS   += -std=gnu11 $(OPTIMIZE) -g -fPIE -fstack-protector-strong \
            -Wall -Wextra -Wshadow -Wconversion -Wvla -Wstrict-prototypes \
            -Wmissing-prototypes -Wno-missing-field-initializers -Werror
LDFLAGS  += -pie -Wl,-z,relro,-z,now -Wl,--as-needed
ifneq ($(SANITIZE),)
CFLAGS   += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
LDFLAGS  += -fsanitize=$(SANITIZE)
else ifeq ($(COVERAGE),)
CPPFLAGS += -D_FORTIFY_SOURCE=3
endif
ifneq ($(COVERAGE),)
CFLAGS   += --coverage -fprofile-update=atomic
LDFLAGS  += --coverage
endif

LIBS     := -lcrypto -lsqlite3 -lroaring -lpthread
LIBS_kruxosd := -lsystemd -lcrypt
LIBS_observer := -lcurl -lsystemd -lm
LIBS_cli     := -ljson-c -lzstd
LIBS_fcgi    := -lfcgi -lprotobuf-c -lz -lm

lib_src     := $(wildcard lib/*/*.c)
kruxosd_src := $(wildcard collectors/kruxosd/*.c)
observer_src := $(wildcard collectors/observer/*.c)
cli_src     := $(wildcard cli/*.c)
hook_src    := $(wildcard hook/*.c)
run_src     := $(wildcard cli/run/*.c) cli/access.c cli/address.c cli/api.c cli/nearest.c cli/options.c cli/response.c
fcgi_src    := $(wildcard fcgi/*.c)
fcgi_programs := $(filter health audit activity alerts approvals metrics proxy session gateway otlp,$(fcgi_src:fcgi/%.c=%))
test_src    := $(shell find tests/unit -name '*.c' 2>/dev/null)

# A word for each step; V=1 shows the commands.
show = $(if $(V),,@echo "  $(1)";)

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

programs := $(if $(filter collectors/kruxosd/indexer.c,$(kruxosd_src)),$(BUILD)/bin/kruxosd) \
            $(if $(filter collectors/observer/main.c,$(observer_src)),$(BUILD)/bin/kruxos-observer) \
            $(if $(filter cli/main.c,$(cli_src)),$(BUILD)/bin/kruxos) \
            $(BUILD)/bin/kruxos-run $(BUILD)/bin/kruxos-hook \
            $(fcgi_programs:%=$(BUILD)/fcgi/%.fcgi)
unit_tests := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(test_src))

all: $(programs) www
	@:

# --- SQL: names into an enum and a table, migrations into a schema -----------

schemas    := $(sort $(foreach file,$(notdir $(wildcard sql/schema/*.sql)),$(firstword $(subst -, ,$(file)))))
generated  := $(patsubst sql/%.sql,$(BUILD)/gen/sql/%.h,$(wildcard sql/*.sql)) \
              $(patsubst %,$(BUILD)/gen/sql/schema_%.h,$(schemas)) \
              $(BUILD)/gen/cli/opencode_plugin.h \
              $(BUILD)/gen/fcgi/otlp.pb-c.h $(BUILD)/gen/fcgi/schemas.h

$(BUILD)/gen/sql/%.h: sql/%.sql sql/header.awk
	@mkdir -p $(@D)
	awk -f sql/header.awk -v stem=$* $< >$@
define schema_rule
$(BUILD)/gen/sql/schema_$(1).h: $(sort $(wildcard sql/schema/$(1)-*.sql)) sql/header.awk
	@mkdir -p $$(@D)
	awk -f sql/header.awk -v schema=$(1) $$(filter %.sql,$$^) >$$@
endef
$(foreach name,$(schemas),$(eval $(call schema_rule,$(name))))

# What `kruxos hook install opencode` writes.
$(BUILD)/gen/cli/opencode_plugin.h: hook/opencode.js hook/header.awk
	@mkdir -p $(@D)
	awk -f hook/header.awk -v name=opencode_plugin $< >$@

# What the gateway's capabilities may be asked with.
$(BUILD)/gen/fcgi/schemas.h: $(sort $(wildcard fcgi/schemas/*.json)) fcgi/header.awk
	@mkdir -p $(@D)
	awk -f fcgi/header.awk $(filter %.json,$^) >$@

# --- protobuf: messages into structs ------------------------------------------

$(BUILD)/gen/%.pb-c.c $(BUILD)/gen/%.pb-c.h &: %.proto
	@mkdir -p $(@D)
	$(call show,protoc-c $<)protoc-c --c_out=$(BUILD)/gen $<
# What it makes is not written as we write.
$(BUILD)/obj/%.pb-c.o: $(BUILD)/gen/%.pb-c.c
	@mkdir -p $(@D)
	$(call show,cc $<)$(CC) $(CPPFLAGS) $(CFLAGS) -Wno-missing-braces -MMD -MP -c -o $@ $<

# --- library and programs ---------------------------------------------------

$(BUILD)/libkruxos.a: $(call objects,$(lib_src))
	@rm -f $@
	$(call show,ar $@)$(AR) rcs $@ $^

# The headers are there before the first source is read; which of them a source
# depends on, the compiler says (-MMD).
$(BUILD)/obj/%.o: %.c | $(generated)
	@mkdir -p $(@D)
	$(call show,cc $<)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

link = $(call show,link $@)mkdir -p $(@D) && $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(1) $(LIBS) $(2)

$(BUILD)/bin/kruxosd: $(call objects,$(kruxosd_src)) $(BUILD)/libkruxos.a
	$(call link,$^,$(LIBS_kruxosd))
$(BUILD)/bin/kruxos-observer: $(call objects,$(observer_src)) $(BUILD)/libkruxos.a
	$(call link,$^,$(LIBS_observer))
$(BUILD)/bin/kruxos: $(call objects,$(cli_src)) $(BUILD)/libkruxos.a
	$(call link,$^,$(LIBS_cli))
$(BUILD)/bin/kruxos-run: $(call objects,$(run_src)) $(BUILD)/libkruxos.a
	$(call link,$^)
# It starts at every event of an agent: nothing that is not needed is loaded.
$(BUILD)/bin/kruxos-hook: $(call objects,$(hook_src)) $(BUILD)/libkruxos.a
	$(call link,$^)
$(BUILD)/fcgi.a: $(call objects,$(filter-out $(fcgi_programs:%=fcgi/%.c),$(fcgi_src))) $(BUILD)/obj/fcgi/otlp.pb-c.o
	@rm -f $@
	$(call show,ar $@)$(AR) rcs $@ $^
$(BUILD)/fcgi/%.fcgi: $(BUILD)/obj/fcgi/%.o $(BUILD)/fcgi.a $(BUILD)/libkruxos.a
	$(call link,$(filter %.o,$^) $(filter %.a,$^),$(LIBS_fcgi))

# --- the dashboard ------------------------------------------------------------

# npm notes there what it has installed.
www_packages := www/node_modules/.package-lock.json
www_files    := $(shell find www -name node_modules -prune -o -type f -print)
www_built    := $(wildcard www/dist/index.html)

$(www_packages): www/package.json www/package-lock.json
	$(call show,npm www)www/install-packages
build/www-types/api.d.ts: docs/openapi.yaml $(www_packages)
	$(call show,types $@)www/node_modules/.bin/openapi-typescript $< -o $@ >/dev/null
# A source package brings it built, and is built without npm.
ifneq ($(www_built),)
build/www/index.html: $(www_files)
	@rm -rf $(@D) && mkdir -p build
	$(call show,www)cp -R www/dist $(@D)
else
build/www/index.html: $(www_files) $(www_packages)
	$(call show,www)node www/build.js build/www >/dev/null
endif

www: build/www/index.html

# --- installation ---------------------------------------------------------------

# Where the programs look for each other: under DESTDIR, and nowhere else.
# Users, folders for data and the certificate are made by who installs it
# (packaging/deb/kruxos-monitor.postinst).
usr_lib   := $(DESTDIR)/usr/lib
usr_share := $(DESTDIR)/usr/share
units     := $(DESTDIR)/lib/systemd/system
install_to = install -D -m $(1) -t $(2) $(3)
install: all
	$(call install_to,755,$(DESTDIR)/usr/bin,$(addprefix $(BUILD)/bin/,kruxos kruxos-hook kruxos-run))
	$(call install_to,755,$(usr_lib)/kruxos,$(addprefix $(BUILD)/bin/,kruxosd kruxos-observer))
	$(call install_to,755,$(usr_lib)/kruxos/fcgi,$(fcgi_programs:%=$(BUILD)/fcgi/%.fcgi))
	$(call install_to,644,$(usr_share)/kruxos/www,build/www/index.html)
	$(call install_to,644,$(usr_share)/kruxos/www/assets,build/www/assets/*)
	$(call install_to,644,$(usr_share)/kruxos/nginx,nginx/*.conf nginx/*.in)
	$(call install_to,755,$(usr_share)/kruxos/nginx,nginx/instantiate)
	for unit in $$(find packaging/systemd -type f -printf '%P\n'); do \
		install -D -m 644 packaging/systemd/$$unit $(units)/$$unit || exit; \
	done
	$(call install_to,644,$(usr_lib)/sysusers.d,packaging/sysusers.d/*.conf)
	$(call install_to,644,$(usr_lib)/tmpfiles.d,packaging/tmpfiles.d/*.conf)
	install -d $(DESTDIR)/etc/kruxos/conf.d $(DESTDIR)/etc/kruxos/nginx.d
	$(call install_to,644,$(DESTDIR)/etc/kruxos,packaging/kruxos.conf)
	for page in docs/man/*; do \
		install -D -m 644 -t $(usr_share)/man/man$${page##*.} $$page || exit; \
	done
	install -d $(usr_share)/bash-completion/completions
	$(BUILD)/bin/kruxos completions bash >$(usr_share)/bash-completion/completions/kruxos

# --- tests -------------------------------------------------------------------

# A unit test includes the source that it tests, so static functions can be
# reached; the rest of the product comes from the archives.
$(BUILD)/kruxosd.a: $(call objects,$(filter-out %/main.c,$(kruxosd_src)))
	@rm -f $@
	$(call show,ar $@)$(AR) rcs $@ $^
$(BUILD)/observer.a: $(call objects,$(filter-out %/main.c,$(observer_src)))
	@rm -f $@
	$(call show,ar $@)$(AR) rcs $@ $^
$(BUILD)/cli.a: $(call objects,$(filter-out %/main.c,$(sort $(cli_src) $(run_src))))
	@rm -f $@
	$(call show,ar $@)$(AR) rcs $@ $^
$(BUILD)/hook.a: $(call objects,$(filter-out %/main.c,$(hook_src)))
	@rm -f $@
	$(call show,ar $@)$(AR) rcs $@ $^
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libkruxos.a
	$(call link,$(filter %.o,$^) $(filter %kruxosd.a %observer.a %cli.a %fcgi.a %hook.a,$^) $(BUILD)/libkruxos.a,-lcmocka $(LIBS_cli) $(LIBS_kruxosd) $(LIBS_observer) $(LIBS_fcgi))
$(filter $(BUILD)/unit/kruxosd/% $(BUILD)/unit/store/%,$(unit_tests)): $(BUILD)/kruxosd.a
$(filter $(BUILD)/unit/observer/%,$(unit_tests)): $(BUILD)/observer.a
$(filter $(BUILD)/unit/cli/%,$(unit_tests)): $(BUILD)/cli.a
$(filter $(BUILD)/unit/fcgi/%,$(unit_tests)): $(BUILD)/fcgi.a
$(filter $(BUILD)/unit/hook/%,$(unit_tests)): $(BUILD)/hook.a

# Each file of tests/fuzz is a fuzzer, and brings its sanitizers: so there is one
# build of them for every BUILD. What is worth keeping of what they find stands
# in tests/fuzz/corpus; what they find on the way under build/fuzz/corpus.
FUZZ_SECONDS ?= 60
FUZZ_CC      := $(filter ccache,$(CC)) clang
FUZZ_FLAGS   := -std=gnu11 -O1 -g -fno-omit-frame-pointer \
                -fno-sanitize-recover=all -fsanitize=address,undefined
fuzz_src     := $(wildcard tests/fuzz/*.c)
fuzz_parts   := $(lib_src) $(filter-out $(fcgi_programs:%=fcgi/%.c),$(fcgi_src)) \
                cli/response.c cli/sse.c cli/archive_reader.c cli/archive_writer.c cli/hook_settings.c cli/settings_text.c cli/hook_agent.c $(filter-out %/main.c,$(hook_src))
fuzz_objects  = $(patsubst %.c,build/fuzz/obj/%.o,$(1))
fuzzers      := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(fuzz_src))

build/fuzz/obj/%.o: %.c | $(generated)
	@mkdir -p $(@D)
	$(call show,fuzz $<)$(FUZZ_CC) $(filter-out -D_FORTIFY_SOURCE=3,$(CPPFLAGS)) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<
build/fuzz/obj/%.pb-c.o: $(BUILD)/gen/%.pb-c.c
	@mkdir -p $(@D)
	$(call show,fuzz $<)$(FUZZ_CC) $(filter-out -D_FORTIFY_SOURCE=3,$(CPPFLAGS)) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<
build/fuzz/parts.a: $(call fuzz_objects,$(fuzz_parts)) build/fuzz/obj/fcgi/otlp.pb-c.o
	@rm -f $@
	$(call show,ar $@)$(AR) rcs $@ $^
$(fuzzers): build/fuzz/%: build/fuzz/obj/tests/fuzz/%.o build/fuzz/parts.a
	$(call show,link $@)clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS) $(LIBS_fcgi) $(LIBS_cli)

fuzz:
	@packaging/install-packages build fuzz
	@$(again) $(fuzzers)
	@FAULT_SECONDS=$(FUZZ_SECONDS) tests/fault/fuzz

# Each file of tests/fault is a family of faults (tests/fault/README.md).
fault_src   := $(wildcard tests/fault/*.c)
fault_tests := $(fault_src:tests/fault/%.c=$(BUILD)/fault/%)
$(fault_tests): $(BUILD)/fault/%: $(BUILD)/obj/tests/fault/%.o $(BUILD)/kruxosd.a $(BUILD)/libkruxos.a
	$(call link,$^,$(LIBS_kruxosd))

# Preloaded, it lets calls fail.
inject := $(BUILD)/fault/harness/inject.so
$(inject): tests/fault/harness/inject.c
	@mkdir -p $(@D)
	$(call show,cc $<)$(CC) $(filter -I% -D_GNU_SOURCE,$(CPPFLAGS)) $(filter-out -fsanitize=% --coverage -fPIE,$(CFLAGS)) -fPIC -shared -o $@ $<

fault:
	@packaging/install-packages build run test fuzz
	@tests/install-node
	@$(again) all $(fault_tests) $(fuzzers) $(inject)
	@tests/run $(BUILD) fault

soak:
	@packaging/install-packages build run test fuzz load
	@tests/install-node
	@$(again) all $(fault_tests) $(fuzzers) $(inject) $(load_tools)
	@FAULT_MODE=soak LOAD_MODE=soak tests/run $(BUILD) fault load

unit: $(unit_tests)
	@tests/run $(BUILD) unit

# What redaction finds, and what it takes for a secret and is none: in lines
# made by chance, in the sources (not in those that are about secrets) and in
# the recorded sessions.
redaction_lines = $(filter-out %/redact.c %/redact.h %/payload.c lib/log/redact%,$(c_sources) $(c_headers)) \
                  demo/sessions.ndjson
$(BUILD)/test/redaction-corpus: $(BUILD)/obj/tests/redaction/corpus.o $(BUILD)/libkruxos.a
	$(call link,$^)
redaction: $(BUILD)/test/redaction-corpus
	@$< $(redaction_lines)

# What is missing comes first, then the rest of the Makefile as it is then.
again = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

demo:
	@packaging/install-packages build run demo
	@$(again) all
	@demo/run $(BUILD)

# Of what git keeps, which is asked only if somebody wants a package. What the
# tests have tested already is not tested again.
.SECONDEXPANSION:
build/deb/built: build/www/index.html $$(wildcard $$(shell git ls-files))
	@DEB_BUILD_OPTIONS="nocheck parallel=$(shell nproc) $(DEB_BUILD_OPTIONS)" CC="$(CC)" \
	    packaging/build-deb $(@D)
	@touch $@

deb:
	@packaging/install-packages build deb
	@$(again) build/deb/built

run start:
	@packaging/install-packages build run
	@$(again) all
	@$(BUILD)/bin/kruxos-run $(filter start,$@)

stop:
	@$(BUILD)/bin/kruxos-run stop

# Memory and times under load are those of programs without sanitizers; what a
# browser asks, the tests of the API have asked already. The faults are the same
# ones each time, so that what fails is the change; `make fault` looks for
# others.
test:
	@packaging/install-packages build run test fuzz load monitor browser $(if $(SANITIZE),,deb packaging)
	@tests/install-node
	@$(again) all $(unit_tests) $(fault_tests) $(fuzzers) $(inject) $(load_tools) $(if $(SANITIZE),,$(BUILD)/docs/facts build/deb/built)
	@$(again) redaction
	@FAULT_SEED=$${FAULT_SEED:-1} tests/run $(BUILD) unit fault api $(if $(SANITIZE),,docs packaging www browser load)

# Coding agents that are too large to be installed for each run of the tests.
agent_packages := build/agents/node_modules/.package-lock.json
$(agent_packages): tests/agents/package.json tests/agents/package-lock.json
	@mkdir -p $(@D)
	@cp $^ build/agents
	npm --prefix build/agents ci --ignore-scripts --no-audit --no-fund --loglevel=error

test-agents:
	@packaging/install-packages build run test
	@tests/install-node
	@$(again) all $(agent_packages)
	@tests/run $(BUILD) agents

# What the tests run, of a build of its own, and what they do not.
coverage:
	@packaging/install-packages build run test monitor coverage
	@tests/install-node
	@$(again) COVERAGE=1 all unit-tests
	@find $(BUILD)/coverage -name '*.gcda' -delete
	@tests/run $(BUILD)/coverage unit api
	@tests/coverage $(BUILD)/coverage
unit-tests: $(unit_tests)

# --- benchmarks ---------------------------------------------------------------

bench_tools := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))
$(bench_tools): $(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(BUILD)/libkruxos.a
	$(call link,$(filter %.o,$^) $(filter %kruxosd.a,$^) $(BUILD)/libkruxos.a)

# What is measured of the daemon's own.
$(BUILD)/bench/rules: $(BUILD)/kruxosd.a

# ENTRIES: how large the log is for the queries. FULL=1: ten million of them, and
# PostgreSQL, too.
ENTRIES ?= $(if $(FULL),10000000,1000000)
bench:
	@packaging/install-packages build run test bench monitor browser $(if $(FULL),peers)
	@tests/install-node
	@$(again) all $(bench_tools)
	@tests/bench/run $(BUILD) --entries $(ENTRIES) $(if $(FULL),--full)

# Documents of the last run of `make bench`, or, without one, of the one before.
plots:
	@tests/install-node
	@build/node/bin/node tests/bench/plots.js $(wildcard $(BUILD)/bench/results.json)

# --- the manual ----------------------------------------------------------------

# What pages say of settings comes from the table that reads them. They are kept
# with the sources, for who reads those; tests/docs holds that they are current.
$(BUILD)/docs/facts: $(BUILD)/obj/docs/source/facts.o $(BUILD)/libkruxos.a
	$(call link,$^)
$(BUILD)/docs/facts.tsv: $(BUILD)/docs/facts
	$(call show,facts $@)$< >$@
manual_pages := configuration.md kruxos.conf.5
$(manual_pages:%=$(BUILD)/docs/%): $(BUILD)/docs/%: docs/source/%.in docs/source/pages.awk $(BUILD)/docs/facts.tsv
	$(call show,page $@)LC_ALL=C awk -f docs/source/pages.awk $(BUILD)/docs/facts.tsv $< >$@

manual: $(manual_pages:%=$(BUILD)/docs/%)
	@cp $(filter %.md,$^) docs
	@cp $(filter-out %.md,$^) docs/man

# --- pictures ------------------------------------------------------------------

# Of the stack that runs under RUNDIR, as `make demo` starts it.
screenshots:
	@packaging/install-packages browser
	@tests/install-node
	@build/node/bin/node tests/browser/screenshots.js docs/screenshots

# --- load ----------------------------------------------------------------------

# Each .c of tests/load is a tool of its tests (docs/reliability.md).
load_made  := $(patsubst tests/load/%.c,$(BUILD)/load/%,$(wildcard tests/load/*.c))
load_tools := $(load_made) $(BUILD)/bench/door_load
$(load_made): $(BUILD)/load/%: $(BUILD)/obj/tests/load/%.o $(BUILD)/libkruxos.a
	$(call link,$^)

load:
	@packaging/install-packages build run test load
	@tests/install-node
	@$(again) all $(load_tools)
	@tests/run $(BUILD) load

# --- checks of the sources ---------------------------------------------------

c_sources  := $(lib_src) $(kruxosd_src) $(observer_src) $(fcgi_src) $(hook_src) $(wildcard cli/*.c cli/*/*.c docs/source/*.c)
c_headers  := $(wildcard lib/*/*.h collectors/*/*.h fcgi/*.h hook/*.h cli/*.h cli/*/*.h)
c_tests    := $(shell find tests -name '*.[ch]' 2>/dev/null)
shell_src  := $(shell grep -rIl '^\#!/bin/\(ba\)\?sh' .ci demo nginx packaging tests www/install-packages 2>/dev/null)

checks     := check-format check-layers check-tidy check-cppcheck check-shell check-types check-python

check:
	@packaging/install-packages build check
	@$(again) --keep-going --output-sync=target $(checks)

check-format:
	@clang-format --dry-run -Werror $(c_sources) $(c_headers) $(c_tests)
check-layers:
	@awk -f tests/layers.awk $(c_sources) $(c_headers)
check-tidy: $(generated)
	@printf '%s\n' $(c_sources) | \
	    xargs -P$(shell nproc) -I{} clang-tidy --quiet {} -- $(CPPFLAGS) -std=gnu11
check-cppcheck: $(generated)
	@cppcheck --quiet --error-exitcode=1 --std=c11 -j$(shell nproc) \
	    --enable=warning,portability --inline-suppr --suppress=missingInclude --library=tests/cppcheck.cfg \
	    $(filter -I%,$(CPPFLAGS)) $(c_sources)
check-shell:
	@shellcheck -x $(shell_src)

check-types: build/www-types/api.d.ts
	@www/node_modules/.bin/tsc -p www

check-python:
	@cd sdk/python && mypy --no-error-summary --cache-dir $(CURDIR)/build/mypy

clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^#: \{0,1\}//p' Makefile

#: make          the programs, into build/bin and build/fcgi, and the dashboard
#: make demo     install what is needed, build, start, replay recorded sessions
#: make run      the same without recorded sessions; Ctrl-C stops all
#: make start    the same in the background
#: make stop     stop what runs under RUNDIR
#: make test     install what is needed, run every test
#: make unit     the unit tests alone
#: make test-agents hooks with Codex, which is large (170 MB)
#: make fault    power cuts, failing disks, bits that flip: some minutes
#: make load     crowds, floods and slow clients: two minutes
#: make soak     both with the counts for a night
#: make redaction what redaction finds, its false alarms, its speed
#: make coverage what the tests run, and each line and branch they do not
#: make fuzz     the fuzzers alone, longer: FUZZ_SECONDS=60 each
#: make check    format, layers, clang-tidy, cppcheck, shellcheck, TypeScript, mypy
#: make www      the dashboard, into build/www; part of `make`
#: make bench    the benchmarks, ENTRIES=1000000 in the log; FULL=1 takes ten
#:               million, and gives them to PostgreSQL, too
#: make plots    docs/performance/ from what `make bench` has measured
#: make manual   pages of docs/ from lib/config, whenever a setting changes
#: make screenshots docs/screenshots/ of the dashboard that runs under RUNDIR
#: make deb      the Debian packages, into build/deb
#: make install  the programs and all they need, under DESTDIR
#: make clean    remove BUILD
#:
#: RUNDIR=run  BIND=127.0.0.1  HEALTH_PORT=7701  DASH_PORT=7800  GATEWAY_PORT=7700
#: SANITIZE=address,undefined or thread  COVERAGE=1  V=1 shows the commands

.PHONY: www all manual install deb load demo run start stop bench plots screenshots fault soak fuzz redaction unit unit-tests coverage test check $(checks) clean help
.SECONDARY:

-include $(shell find $(BUILD)/obj build/fuzz/obj -name '*.d' 2>/dev/null)
