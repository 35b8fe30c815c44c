start=$(git ls-remote origin refs/heads/component-registry | cut -f 1)
if [ -n "$start" ]; then
  git fetch --depth 1 origin "$start"
else
  start=$(git commit-tree -m "Begin the component registry" "$(git mktree < /dev/null)")
fi
registry=$(mktemp -d)
git worktree add --detach "$registry" "$start"
comp publish --all --registry "$registry"
git -C "$registry" add --all
git -C "$registry" diff --cached --quiet || git -C "$registry" commit --message "Publish $TAG"
git push origin "$(git -C "$registry" rev-parse HEAD):refs/heads/component-registry"
