# A thin face on CMake: `make` builds build/, `make help` tells the rest.

BUILD ?= build
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PREFIX ?= /usr/local
export CTEST_OUTPUT_ON_FAILURE ?= 1
ifneq ($(shell command -v ninja 2>/dev/null),)
export CMAKE_GENERATOR ?= Ninja
endif

# This make's own job server must not reach the one that CMake starts.
BUILD_IN = MAKEFLAGS=--no-print-directory cmake --build
CTEST = ctest -j$(JOBS)
VARIANTS = debug asan tsan ubsan torture clang musl aarch64

.PHONY: all tests help test check format docs bench memory compare asm oom fuzz mutants coverage soak model apps deb install clean $(VARIANTS)

all: $(BUILD)/CMakeCache.txt
	@$(BUILD_IN) $(BUILD) -j $(JOBS) --target product

tests: $(BUILD)/CMakeCache.txt
	@$(BUILD_IN) $(BUILD) -j $(JOBS)

$(BUILD)/CMakeCache.txt:
	@cmake -S . -B $(BUILD) $(CMAKE_ARGS)

help:
	@sed -n 's/^#: //p' Makefile

#: make            build the library, the command and the benchmarks in build/
#: make tests      and the tests
#: make test       run them
#: make check      format, floors, headers, exported symbols, thread-local storage, generated docs
#: make format     apply clang-format
#: make docs       write the generated table of docs/tuning.md anew
#: make bench      the benchmarks: HAKMEM beside the system's malloc and the peers found
#: make memory     memory over time, and what goes back by itself, kept as HTML
#: make compare    the figures of docs/benchmarks.md: more runs, kept as JSON and HTML
#: make asm        the fast paths of malloc and free, with their instruction counts
#: make asan       unit tests under AddressSanitizer (likewise tsan, ubsan)
#: make torture    tests with every constant tiny (likewise debug, clang, musl, aarch64)
#: make oom        tests in which the kernel refuses each call in turn
#: make fuzz       fuzzing, FUZZ_SECONDS=60 each: the reader, the options, histories of calls
#: make mutants    whether the tests find seeded bugs (MUTANTS="NAME..." some of them)
#: make coverage   what the tests reach: lines and branches of each file
#: make soak       thread churn, storms of forks and random histories for SOAK_MINUTES=30
#: make model      the models of the protocols between threads, checked by spin
#: make apps       real programs under the preload (APPS="NAME..." some of them; HAKMEM_* reaches them)
#: make deb        a Debian package in build-deb/
#: make install    install under PREFIX (/usr/local; DESTDIR is respected)
#: make clean      remove build/ and every build-*/

test: tests
	@cd $(BUILD) && $(CTEST)

check: all
	@scripts/check.sh $(BUILD)

format:
	@scripts/sources.sh | xargs clang-format -i

docs: all
	@$(BUILD)/generated/gen_options markdown < docs/tuning.md > $(BUILD)/generated/tuning.md
	@cp $(BUILD)/generated/tuning.md docs/tuning.md

bench: all
	@$(BUILD)/hakmem bench

memory: all
	@$(BUILD)/hakmem bench --memory --html $(BUILD)/memory.html

compare: all
	@$(BUILD)/hakmem bench --runs 9 --json $(BUILD)/bench.json --html $(BUILD)/bench.html

asm: all
	@scripts/asm.sh $(BUILD)/libhakmem.so

$(VARIANTS):
	@cmake --preset $@
	@$(BUILD_IN) build-$@ -j $(JOBS)
	@cd build-$@ && $(CTEST)

oom: tests
	@cd $(BUILD) && $(CTEST) -R $@ --no-tests=error

apps: all
	@HAKMEM_LIB=$(BUILD)/libhakmem.so tests/apps/run.sh $(APPS)

# The library and the programs whose memory the reader is fuzzed with.
fuzz: tests
	@tests/fuzz/run.sh

mutants:
	@tests/mutants/run.py -j $(JOBS) $(MUTANTS)

# A test that fails takes nothing away from what the others reached.
coverage:
	@cmake --preset $@
	@$(BUILD_IN) build-$@ -j $(JOBS)
	@find build-$@ -name '*.gcda' -delete
	@cd build-$@ && $(CTEST) -L 'unit|fuzz|preload|link|misuse' || true
	@scripts/coverage.py build-$@

soak: tests
	@tests/soak.sh

model:
	@if [ -x models/run.sh ]; then models/run.sh; else echo "make model: there are no models yet"; fi

deb:
	@cmake -S . -B build-deb -DCMAKE_INSTALL_PREFIX=/usr -DHAKMEM_TESTS=OFF
	@$(BUILD_IN) build-deb -j $(JOBS)
	@cd build-deb && cpack -G DEB

install: all
	@cmake --install $(BUILD) --prefix $(PREFIX)

clean:
	@rm -rf build build-*/
