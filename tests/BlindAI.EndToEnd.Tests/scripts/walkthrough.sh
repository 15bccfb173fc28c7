# The story of the README through the command line: attest, pin, upload, look, run, delete.
# Given: blindai (a function), BLINDAI_URL, MODEL (an ONNX file), WORK (an empty folder).
cd "$WORK"

# Without permission a simulation is refused, and nothing else is said to it.
expect 10 'error 501 SimulationRefused' blindai attest

# With permission, what was proved is explained, and what was not.
expect 0 'evidence is fresh' blindai attest --dangerously-allow-simulation --write-policy policy.json
expect 0 'SIMULATION' blindai attest --dangerously-allow-simulation
expect 0 '"tee": *"simulation"' blindai attest --dangerously-allow-simulation --json
test -s policy.json

# From here on the policy pins the simulation's key.
export BLINDAI_POLICY=policy.json
expect 0 'simulation key is accepted' blindai attest
expect 0 'simulation' blindai policy check policy.json

# What was seen is saved, and judged again as the connection was, by every policy.
expect 0 'accepted' blindai attest --save saved.json
expect 0 'accept' blindai evidence verify saved.json --policy policy.json
sed 's/"service": *"localhost"/"service": "other"/' policy.json > other.json
expect 10 '503' blindai evidence verify saved.json --policy other.json
if [ "${BLINDAI_CHANNEL:-gated}" = gated ]; then
  sed 's/"binder": *"preferred"/"binder": "required"/' policy.json > bound.json
  expect 0 'accept' blindai evidence verify saved.json --policy bound.json
fi

# The digest is the same here and there.
digest=$(blindai digest "$MODEL" | grep -o 'sha256:[0-9a-f]*' | head -1)
expect 0 "$digest" blindai models upload "$MODEL" --name credit
expect 0 'credit' blindai models list
expect 0 'class_probabilities' blindai models show credit
expect 0 "\"digest\": *\"$digest\"" blindai models show credit --json

# A row of 63 features, inline, as a file, and as JSON; the answers agree.
row="[[$(printf '0,%.0s' $(seq 62))0]]"
printf '%s' "$row" > row.json
expect 0 'class_probabilities' blindai run credit --input "features=$row"
expect 0 '' blindai run credit --input features=row.json --output-dir out
test -s out/class_probabilities.npy
expect 0 '"class_probabilities"' blindai run credit --input features=row.json --json

# Every answer of a simulation is marked as one, beside the JSON and not in it.
expect 0 'SIMULATION: this server protects nothing' blindai run credit --input features=row.json --json
blindai run credit --input features=row.json --json 2>/dev/null | python3 -m json.tool >/dev/null

# A short load test; the inputs come from the metadata.
expect 0 '"throughput"' blindai bench credit --requests 20 --warmup 0 --json
expect 0 'p99.9' blindai bench credit --requests 20 --rate 200 --concurrency 2 --warmup 0

# What goes wrong says so with its code.
expect 50 'error 710' blindai run nothing --input "features=$row"
expect 50 'error 704' blindai run credit --input 'features=[[1,2]]'
expect 2 '' blindai run
expect 30 'error 109' blindai attest --policy row.json
expect 40 'error 601' blindai attest --url https://127.0.0.1:1

expect 0 '' blindai models delete credit
expect 50 'error 710' blindai models show credit
