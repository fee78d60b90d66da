set -euo pipefail
: > variants.json
if [ -n "${HORNBOOK_SEED:-}" ]; then
  seed=$(mktemp)
  printf '%s\n' "$HORNBOOK_SEED" > "$seed"
  unset HORNBOOK_SEED
  python -I -m pip install --quiet "hornbook==HORNBOOK_VERSION"
  hornbook variants --course course --learner="$LEARNER" --seed-file "$seed" > variants.json
  rm -f "$seed"
else
  echo "There is no HORNBOOK_SEED, so the lessons' own values are asked for."
fi
echo "variants=$(cat variants.json)" >> "${GITHUB_OUTPUT:-/dev/null}"
