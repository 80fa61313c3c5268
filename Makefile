# Offprint: "make run" builds and serves, "make test" tests everything.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

# Numerics use Go's SIMD packages where the toolchain has them; without the
# experiment (GOEXPERIMENT= make build) the same code runs in plain Go.
export GOEXPERIMENT ?= simd
# With that experiment, math.Exp can be slower by a hundred times on Intel
# processors; not so without fused multiply-adds (see package methods/backend).
export GODEBUG ?= cpu.fma=off

ADDR     ?= 127.0.0.1:8080
DATA     ?= data
FUZZTIME ?= 10s
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# Packages whose goroutines share something, for the race detector.
RACE := ./sqlite/... ./collect/... ./digest/... ./jobs/... ./index ./engine ./web/... ./outbound/...

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

.PHONY: run
run: build ## build, and serve on http://127.0.0.1:8080 with the data in ./data
	bin/offprint serve --data '$(DATA)' --addr '$(ADDR)'

.PHONY: build
build: extras ## build bin/offprint
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/offprint ./cmd/offprint

# What only npm can bring (typeset mathematics). The pages work without it.
EXTRAS := web/static/vendor/.done

.PHONY: extras
extras: ## fetch the client extras with npm, where it is installed
	@if [[ ! -f web/extras/package-lock.json ]]; then exit 0; \
	elif ! command -v npm >/dev/null; then echo 'make: npm is absent, so the pages go without typeset mathematics'; \
	else $(MAKE) -s $(EXTRAS) || echo 'make: npm failed, so the pages go without typeset mathematics'; fi

$(EXTRAS): web/extras/package.json web/extras/package-lock.json
	npm ci --prefix web/extras --silent --no-audit --no-fund --fetch-retries=1
	cp web/extras/node_modules/temml/dist/temml.min.js web/static/vendor/
	@touch $@

.PHONY: generate
generate: ## write the generated files again (docs/configuration.md)
	go generate ./...

.PHONY: lint
lint: ## gofmt, go vet, golangci-lint
	@bad=$$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -l); \
	if [[ -n $$bad ]]; then echo "make: gofmt would change:" $$bad >&2; exit 1; fi
	go vet ./...
	go tool -modfile=tools/go.mod golangci-lint run ./...

.PHONY: check
check: lint ## lint and the quick tests: a few minutes at most
	go test -short -timeout 5m ./...

.PHONY: deps
deps: ## install what the tests need (Chromium, PostgreSQL)
	@tools/deps

.PHONY: test
test: deps build lint ## everything, browser and race detector included
	go test -race -gcflags=all=-d=checkptr=0 -short -timeout 20m $(RACE) # GoMLX's buffers do not pass checkptr
	go test -timeout 30m ./...

.PHONY: bench
bench: build bench-methods ## measure speed: a step of each method beside a plain baseline, then the service, then what is learned, beside their bars
	status=0; go run ./bench -bin bin/offprint || status=1; $(MAKE) bench-learned || status=1; exit $$status

.PHONY: bench-learned
bench-learned: build ## what is learned from the records in $OFFPRINT_DATA/papers, each figure beside its bar
	dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	bin/offprint import --data "$$dir" "$${OFFPRINT_DATA:-../shared/data}"/papers/*.jsonl.gz && bin/offprint bench --data "$$dir"

.PHONY: bench-methods
bench-methods: ## a training step of each method beside a plain baseline, its searches, and work on graphs
	go test -run '^$$' -bench 'Step|Search|Embed|Count' -benchmem ./methods/...

.PHONY: fuzz
fuzz: ## run each fuzz test for FUZZTIME
	@for pkg in $$(go list ./...); do \
	  for name in $$(go test -list '^Fuzz' "$$pkg" | grep '^Fuzz' || true); do \
	    echo "$$pkg $$name"; go test -run '^$$' -fuzz "^$$name\$$" -fuzztime '$(FUZZTIME)' "$$pkg"; \
	  done; \
	done

.PHONY: clean
clean: ## remove what was built (never the data)
	rm -rf bin web/extras/node_modules
	find web/static/vendor -mindepth 1 ! -name README -delete 2>/dev/null || true
