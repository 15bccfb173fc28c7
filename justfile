# Build everything, as the tests see it.
build:
  dotnet build

# Install what the tests need, then run all of them.
test:
  eng/test

# Publish the server as a native binary into artifacts/publish.
publish-server:
  dotnet publish src/BlindAI.Server -c Release -r linux-x64

# Fuzz every parser for a minute each.
fuzz:
  BLINDAI_FUZZ_SECONDS=60 dotnet test --project tests/BlindAI.Fuzz.Tests

# Measure against raw ONNX Runtime; figures are ratios of interleaved runs.
bench:
  dotnet run -c Release --project bench/BlindAI.Bench

# Measure the engine: every model, every contender, about twenty minutes; writes bench/RESULTS.md, its data and its plot.
bench-engine:
  dotnet run -c Release --project bench/BlindAI.Bench -- --engine

# Measure the verification of captured evidence: just bench-evidence ../shared/vectors
bench-evidence VECTORS:
  dotnet run -c Release --project bench/BlindAI.Bench -- --evidence {{VECTORS}} --rounds 300

# Put every file into the form that the build checks.
format:
  dotnet format

# A server for development on the default ports. It protects nothing.
run-simulation:
  dotnet run --project src/BlindAI.Server -- --simulation

# Refresh the lock files after a change of versions.
lock:
  dotnet restore --force-evaluate
