# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Everything is built below build/. Files are found by their place: a .c file dropped into a folder
# named here is compiled into what that folder makes. See `make help`.

PREFIX ?= /usr/local
DESTDIR ?=
CC = gcc
CLANG ?= clang
CFLAGS ?= -O2 -g
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
# The benchmarks' device: an emulated processor is slower, compared to a drive, than a real one.
TERRACE_VM_FLASH_BPS ?= 1000000000
# The kernel to build the module for; the guest's unless said otherwise.
KERNEL ?=

B := build
jobs := $(or $(TERRACE_JOBS),$(shell nproc))
# V=1 shows whole commands.
Q := $(if $(V),,@)
say = @mkdir -p $(@D)$(if $(V),,; printf '  %-7s %s\n' $(1) $@)
include-flags := -Iinclude -Iinclude/uapi -Iuser -Ikernel
base-flags := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror $(include-flags) -MMD -MP \
	-DTERRACE_PREFIX='"$(PREFIX)"'
san-flags := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer

sources = $(sort $(wildcard $(1)/*.c))
objects = $(patsubst %.c,$(B)/$(1)/%.o,$(2))

lib-src := $(call sources,user/lib)
model-src := $(call sources,kernel/model)
engine-src := $(call sources,user/engine)
cli-src := $(call sources,user/cli)
daemon-src := $(call sources,user/daemon)
preload-src := $(call sources,user/preload)
sim-src := $(call sources,user/sim)
decoder-src := $(call sources,user/examples/decoder)
unit-src := $(sort $(wildcard tests/unit/test_*.c))
unit-help-src := $(filter-out $(unit-src),$(call sources,tests/unit))
guest-src := $(sort $(wildcard tests/selftests/test_*.c))
guest-help-src := $(filter-out $(guest-src),$(call sources,tests/selftests))
bench-help-src := tests/bench/figure.c
bench-src := $(filter-out $(bench-help-src),$(call sources,tests/bench))
bpf-src := $(sort $(wildcard bpf/*.bpf.c))

lib := $(if $(lib-src),$(B)/lib/libterrace.so $(B)/lib/libterrace.a)
model := $(if $(model-src),$(B)/lib/libmodel.a)
engine := $(if $(engine-src),$(B)/lib/libengine.a)
preload := $(if $(preload-src),$(B)/lib/libterrace-preload.so)
programs := $(if $(cli-src),$(B)/bin/terrace) $(if $(daemon-src),$(B)/bin/terraced) \
	$(if $(sim-src),$(B)/bin/terrace-sim)
examples := $(if $(decoder-src),$(B)/bin/decoder)
skeletons := $(patsubst bpf/%.bpf.c,$(B)/bpf/%.skel.h,$(bpf-src))
units := $(patsubst tests/unit/%.c,$(B)/unit/%,$(unit-src))
guests := $(patsubst tests/selftests/%.c,$(B)/selftests/%,$(guest-src))
benches := $(patsubst tests/bench/%.c,$(B)/bench/%,$(bench-src))
bench-scripts := $(sort $(wildcard tests/bench/*.sh))
# The simulator needs no device, and is measured on a real processor.
host-benches := $(filter $(B)/bench/sim%,$(benches))

# Every program links what it uses of these.
libraries := -luring -lnuma -ljansson -linih -luuid -lz -lm -lpthread
daemon-libraries := -lbpf -lmicrohttpd $(libraries)
cli-libraries := -lncursesw -ltinfo -lblkid $(libraries)
link = $(Q)$(CC) -Wl,--as-needed -Wl,-rpath,'$$ORIGIN/../lib' $(LDFLAGS) -o $@

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: help deps user module bpf guest vm test test-debug check bench demo install load unload \
	clean report unit selftests examples clients test-modules module-debug modules FORCE

help:
	@sed -n 's/^## \?//p' Makefile

## make demo         build everything and run the main job in the test guest
## make test         build everything and run every test; the last line counts them
## make test-debug   the guest tests on a kernel that checks itself (built once, 20 minutes)
## make check        style and static checks, and a build against the newest kernel
## make bench        the benchmarks, in the guest but for the simulator's, JSON lines on standard output
## make vm           a shell in the guest with the module loaded
##
## make deps         list, then install the Debian packages all this needs
## make user         libterrace, terrace, terraced and the examples
## make module       terrace.ko for the guest's kernel (KERNEL=DIR for another one)
## make bpf          the BPF programs
## make guest        the guest's kernel and initramfs, in the cache
## make report       the page of terrace-sim report, with its chart library (npm)
## make install      DESTDIR= PREFIX=/usr/local
## make load         build the module for the running kernel and load it; make unload
## make clean        remove build/ (the cache stays: /var/cache/terrace)
##
## TERRACE_NO_INSTALL=1 makes deps only list what is missing. XDG_CACHE_HOME moves the cache.

deps:
	@tests/vm/install

user: $(lib) $(programs) $(preload) examples
examples: $(examples)
bpf: $(skeletons)
unit: $(units)
selftests: $(guests) $(if $(wildcard tests/modules/Makefile),test-modules)
module: $(if $(wildcard kernel/*.c),modules)
user bpf unit selftests examples module:
	@:

# --- user space ---

$(B)/obj/%.o: %.c
	$(call say,CC)
	$(Q)$(CC) $(base-flags) $(CFLAGS) -fPIC $(extra-flags) -c -o $@ $<

$(B)/san/%.o: %.c
	$(call say,CC)
	$(Q)$(CC) $(base-flags) $(san-flags) $(extra-flags) -c -o $@ $<

$(call objects,obj,$(daemon-src)) $(call objects,san,$(daemon-src)): extra-flags := -I$(B)/bpf -Ibpf
$(call objects,obj,$(daemon-src)) $(call objects,san,$(daemon-src)): | $(skeletons)

$(B)/lib/libmodel.a: $(call objects,obj,$(model-src))
$(B)/lib/libengine.a: $(call objects,obj,$(engine-src))
$(B)/lib/libterrace.a: $(call objects,obj,$(lib-src))
# Unit tests see everything but the main functions.
$(B)/san/all.a: $(call objects,san,$(model-src) $(engine-src) $(lib-src) $(unit-help-src) \
	user/preload/rules.c \
	$(filter-out %/main.c,$(cli-src) $(daemon-src) $(decoder-src) $(sim-src)))
$(B)/lib/libmodel.a $(B)/lib/libengine.a $(B)/lib/libterrace.a $(B)/san/all.a:
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

version-script := $(wildcard user/lib/*.map)
$(B)/lib/libterrace.so.0: $(call objects,obj,$(lib-src)) $(version-script)
	$(call say,LD)
	$(Q)$(CC) -shared -Wl,-soname,libterrace.so.0 -Wl,--as-needed $(LDFLAGS) \
		$(addprefix -Wl$(comma)--version-script=,$(version-script)) \
		-o $@ $(filter %.o,$^) $(libraries)
comma := ,

$(B)/lib/libterrace.so: $(B)/lib/libterrace.so.0
	$(Q)ln -sf $(<F) $@

# It brings its own libterrace, of which the program sees nothing, and calls its own functions: an
# allocator in the program itself may be the one that is mapping memory.
$(call objects,obj,$(preload-src)): extra-flags := -ftls-model=initial-exec
$(B)/lib/libterrace-preload.so: $(call objects,obj,$(preload-src)) $(B)/lib/libterrace.a \
		user/preload/preload.map
	$(call say,LD)
	$(Q)$(CC) -shared -Wl,--as-needed -Wl,-z,defs -Wl,-Bsymbolic-functions $(LDFLAGS) \
		-Wl,--version-script=user/preload/preload.map \
		-o $@ $(filter %.o %.a,$^) -lpthread -ldl

# `terrace tier format` makes what the library reads, which does not export it.
$(B)/bin/terrace: $(call objects,obj,$(cli-src) user/lib/media.c user/preload/rules.c) $(engine) \
		$(model) $(lib)
	$(call say,LD)
	$(link) $(filter %.o,$^) $(engine) $(model) -L$(B)/lib $(if $(lib),-lterrace) \
		$(cli-libraries)

# What library and daemon say to each other is not exported either.
$(B)/bin/terraced: $(call objects,obj,$(daemon-src) user/lib/named_wire.c) $(engine) $(model) $(lib)
	$(call say,LD)
	$(link) $(filter %.o,$^) $(engine) $(model) -L$(B)/lib $(if $(lib),-lterrace) \
		$(daemon-libraries)

# It has commands, prints numbers and reports replays as terrace does, and needs no device.
sim-cli-src := $(addprefix user/cli/,command.c output.c replay_drive.c replay_options.c \
	replay_progress.c)
$(B)/bin/terrace-sim: $(call objects,obj,$(sim-src) $(sim-cli-src)) $(engine) $(model)
	$(call say,LD)
	$(link) $(filter %.o %.a,$^) $(libraries)

# Of Terrace an example has what a runtime has: the library, by its public header.
$(B)/bin/decoder: $(call objects,obj,$(decoder-src)) $(lib)
	$(call say,LD)
	$(link) $(filter %.o,$^) -L$(B)/lib -lterrace -lm

# --- the page of reports ---

report-page := $(B)/share/terrace/report/page.html

report: $(report-page)
	@:

$(report-page): $(wildcard user/report/*)
	$(call say,PAGE)
	$(Q)tests/vm/install report
	$(Q)library=$$(user/report/library) && user/report/assemble "$$library" >$@ && \
		cp "$$library/notice.txt" $(@D)

# --- tests ---

$(B)/unit/%: $(B)/san/tests/unit/%.o $(B)/san/all.a
	$(call say,LD)
	$(link) -fsanitize=address,undefined $(filter %.o,$^) $(filter %.a,$^) -lcmocka \
		$(daemon-libraries) $(cli-libraries)

# What of the preloaded library can be linked without standing in front of the allocator.
$(B)/unit/test_preload_regions: $(B)/san/user/preload/regions.o

# The kselftest headers come with the kernel's source.
$(B)/kselftest: FORCE
	@mkdir -p $(@D)
	@tests/vm/kernel stock source >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/guest/%.o: %.c $(B)/kselftest
	$(call say,CC)
	$(Q)$(CC) $(base-flags) -O2 -g -Itests/selftests \
		-isystem $$(cat $(B)/kselftest)/tools/testing/selftests -c -o $@ $<

# What the BPF programs count is read by the daemon's own code.
$(B)/selftests/test_heat: $(call objects,obj,$(addprefix user/daemon/,heat.c hist.c steps.c \
	requirements.c))

$(B)/selftests/%: $(B)/guest/tests/selftests/%.o $(call objects,guest,$(guest-help-src)) \
		  $(engine) $(lib)
	$(call say,LD)
	$(link) $(filter %.o,$^) $(engine) -L$(B)/lib $(if $(lib),-lterrace) -lbpf $(libraries)

# --- unmodified clients of the tests ---

clients: $(B)/clients/llama $(B)/clients/moe.gguf $(B)/clients/plain_client \
	$(B)/clients/own_allocator

$(B)/clients/make_%: tests/clients/make_%.c
	$(call say,CC)
	$(Q)$(CC) $(base-flags) $(CFLAGS) -o $@ $< -lm

# As simple as it is written: a compiler may leave out what it allocates.
$(B)/clients/plain_client $(B)/clients/own_allocator: $(B)/clients/%: tests/clients/%.c
	$(call say,CC)
	$(Q)$(CC) $(base-flags) $(CFLAGS) -fno-builtin -o $@ $< -lpthread

$(B)/clients/moe.gguf: $(B)/clients/make_moe tests/data/clients/stories260K.gguf
	$(call say,MODEL)
	$(Q)$< tests/data/clients/stories260K.gguf $@

# Its folder in the cache.
$(B)/clients/llama: FORCE
	@mkdir -p $(@D)
	@tests/clients/llama >$@.new && mv $@.new $@

# What test modules compute is computed here as well.
test-modules:
	$(Q)$(MAKE) --no-print-directory -s -C tests/modules

$(B)/bench/%: $(B)/obj/tests/bench/%.o $(call objects,obj,$(bench-help-src)) $(lib)
	$(call say,LD)
	$(link) $(filter %.o,$^) -L$(B)/lib $(if $(lib),-lterrace) $(libraries)

# --- BPF ---

# Written anew only when the guest's kernel changes.
$(B)/headers: FORCE
	@mkdir -p $(@D)
	@tests/vm/kernel stock headers >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/bpf/vmlinux.h: $(B)/headers
	$(call say,BTF)
	$(Q)$(BPFTOOL) btf dump file "$$(cat $<)/vmlinux" format c >$@

$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(B)/bpf/vmlinux.h
	$(call say,BPF)
	$(Q)$(CLANG) -target bpf -g -O2 -Wall -Werror -D__TARGET_ARCH_x86 -I$(B)/bpf -Ibpf -Iinclude/uapi \
		-MMD -MP -c -o $@ $<

$(B)/bpf/%.skel.h: $(B)/bpf/%.bpf.o
	$(call say,SKEL)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst -,_,$*)_bpf >$@

# --- the module ---

modules:
	+@tests/vm/module $(or $(KERNEL),stock) $(B)

module-debug:
	+@tests/vm/module debug $(B)/debug

load:
	tests/vm/module /lib/modules/$$(uname -r)/build $(B)/host
	insmod $(B)/host/terrace.ko $(TERRACE_MODULE_PARAMS)

unload:
	rmmod terrace

# --- the guest and what runs in it ---

guest:
	@tests/vm/initramfs "$$(tests/vm/kernel stock modules)" >/dev/null

vm: deps
	@$(MAKE) --no-print-directory -j$(jobs) user module guest
	tests/vm/run --interactive bash

test: deps
	@tests/vm/install report browser
	@$(MAKE) --no-print-directory -j$(jobs) user module bpf unit selftests clients guest report
	@tests/run

test-debug:
	@tests/vm/install build guest debug-kernel
	@$(MAKE) --no-print-directory -j$(jobs) user bpf selftests clients
	@$(MAKE) --no-print-directory -j$(jobs) module-debug
	@tests/run --debug

check:
	@tests/vm/install build guest check
	@tests/check/run

bench: deps
	@[ -n "$(benches)" ] || { echo "tests/bench holds no benchmark" >&2; exit 1; }
	@$(MAKE) --no-print-directory -j$(jobs) user module guest clients $(benches) >&2
	@for bench in $(host-benches); do "$$bench" || exit; done
	@TERRACE_VM_FLASH_BPS=$(TERRACE_VM_FLASH_BPS) \
		tests/vm/run sh -c 'for bench; do "$$bench" || exit; done' sh \
		$(filter-out $(host-benches),$(benches)) $(bench-scripts)

demo: deps
	@$(MAKE) --no-print-directory -j$(jobs) user module bpf guest
	@tests/vm/run user/examples/demo.sh

# --- installation ---

# install-files,MODE,FOLDER,FILES: nothing when there are none.
install-files = $(if $(3),install -D -m $(1) -t $(DESTDIR)$(2) $(3))
man-section = $(call install-files,644,$(PREFIX)/share/man/man$(1),$\
	$(wildcard Documentation/man/*.$(1)))

# The module is left to DKMS, which builds it again for every kernel.
install: user bpf
	$(call install-files,755,$(PREFIX)/bin,$(programs))
	$(call install-files,644,$(PREFIX)/lib,$(filter %.a,$(lib)))
	$(if $(lib),install -m 755 $(B)/lib/libterrace.so.0 $(DESTDIR)$(PREFIX)/lib)
	$(if $(lib),ln -sf libterrace.so.0 $(DESTDIR)$(PREFIX)/lib/libterrace.so)
	$(call install-files,755,$(PREFIX)/lib,$(preload))
	$(call install-files,644,$(PREFIX)/include/terrace,$(wildcard include/terrace/*.h))
	$(call install-files,644,$(PREFIX)/include/linux,include/uapi/linux/terrace.h)
	$(call install-files,644,$(PREFIX)/share/terrace/profiles,$(wildcard user/profiles/*.ini))
	$(call install-files,644,$(PREFIX)/share/terrace/models,$(wildcard user/models/*.json))
	$(call install-files,644,$(PREFIX)/share/terrace/prices,$(wildcard user/prices/*.ini))
	$(call install-files,644,$(PREFIX)/share/terrace/calibrations,$(wildcard user/calibrations/*.ini))
	$(call install-files,644,$(PREFIX)/share/terrace/networks,$(wildcard user/networks/*.ini))
	$(call install-files,644,$(PREFIX)/share/terrace/accelerators,$(wildcard user/accelerators/*.ini))
	$(call install-files,644,$(PREFIX)/share/terrace/systems,$(wildcard user/systems/*.ini))
	$(call install-files,644,$(PREFIX)/share/terrace/tables,$(wildcard user/tables/*.ini))
	$(call install-files,644,$(PREFIX)/share/terrace/report,$(wildcard $(report-page) \
		$(dir $(report-page))notice.txt))
	$(if $(wildcard $(report-page)),,@echo "without the page of terrace-sim report: make report makes it")
	$(call install-files,644,$(PREFIX)/share/terrace/scenarios,$(wildcard user/scenarios/*.ini))
	$(call install-files,644,$(PREFIX)/lib/terrace/bpf,$(skeletons:.skel.h=.bpf.o))
	$(call man-section,1)
	$(call man-section,3)
	$(call man-section,5)
	$(call man-section,7)
	$(call man-section,8)
	$(call install-files,644,$(PREFIX)/lib/systemd/system,$(wildcard user/packaging/*.service))
	$(call install-files,644,$(PREFIX)/lib/udev/rules.d,$(wildcard user/packaging/*.rules))
	$(call install-files,644,/usr/src/terrace,$(wildcard user/packaging/dkms.conf))
	$(if $(wildcard user/packaging/dkms.conf),cp -r Kbuild kernel include $(DESTDIR)/usr/src/terrace)
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig
	for file in $(wildcard user/lib/*.pc.in); do \
		sed 's|@PREFIX@|$(PREFIX)|g' $$file \
			>$(DESTDIR)$(PREFIX)/lib/pkgconfig/$$(basename $$file .in) || exit; done

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
