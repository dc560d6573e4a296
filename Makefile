# Run as root, the tests include those that make network namespaces; otherwise
# these are skipped. XLVS_PRIVILEGED=1 makes a skip a failure, as .ci/run does.

FUZZTIME  ?= 30s
BENCHTIME ?= 1s

.PHONY: check test race fuzz bench build pgo

check:
	@files=$$(gofmt -l .) && test -z "$$files" || { echo "gofmt would change:" $$files; exit 1; }
	go vet ./...
	go tool staticcheck ./...

test:
	go test -race ./...

# Without the root, which reads source, and the scenarios, which judge a binary
# from outside that is built without the detector.
race:
	go test -race -count=1 $$(go list ./... | grep -vxE 'xlvs|xlvs/bench/scenario')

# One target after the other, since go test -fuzz takes a single one. Inputs are
# not minimized: with slow targets that would take most of the time.
fuzz:
	@grep -ro --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sort | \
	while IFS=: read -r file func; do \
		name=$${func#func }; echo "$$(dirname $$file) $$name"; \
		go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x "$$(dirname $$file)" </dev/null || exit 1; \
	done

# The figures in README.md. On a machine that does nothing else.
bench:
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) \
		$$(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -n 1 dirname | sort -u)
	go run ./bench veth
	go run ./bench bulk
	go run ./bench latency
	go run ./bench idle -seconds 30
	go run ./bench scale

build:
	CGO_ENABLED=0 go build -trimpath -o bin/xlvs ./cmd/xlvs

# The profile that the compiler goes by when it builds xlvs: of a worker at work,
# by each forwarding method. To be made anew when the path of a packet changes.
pgo:
	go test -run '^$$' -bench 'Established|Tunnels/(ipip|gre|gue)-|FullNAT|NewConn' -benchtime 300000x \
		-cpuprofile cmd/xlvs/default.pgo -o /dev/null ./dataplane
