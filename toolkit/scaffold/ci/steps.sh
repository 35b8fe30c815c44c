comp lint --all
comp generate --all --check
if [ -n "$SINCE" ]; then
  comp breaking --all --against "$SINCE"
fi
comp build --all<{ locked }> --since "$SINCE"
comp test --all --since "$SINCE"
if [ "$PUSH" = true ]; then
  # Everything: what is there already is not sent again, and a push that failed is made up for.
  comp build --all<{ locked }> --push
fi
if [ "$PUBLISH" = true ]; then
  comp publish --all --registry "$COMPONENT_REGISTRY"
fi
comp cache prune
