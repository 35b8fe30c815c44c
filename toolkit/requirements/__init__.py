"""From requirements to pins, the very wheels of an image; uv resolves, and nothing here runs on this machine unjailed.

Read it in this order:

1. `pin`, `lock`: what comes out. `lock_file` reads and writes it, as `requirements_lock` or as `pylock`.
2. `indexes`, `uv_settings`, `uv`: where packages are looked for, and how uv is run.
3. `requirement_set`, `uv_compile`, `resolve`, `uv_errors`: from requirements to wheels. `verify` compares a lock.
4. `origins`, `uv_sources`, `follow`, `origin_pins`: what comes from elsewhere than an index, with its wheels from `git`
   and `building`. `project_sources` says whether there is any.
5. `imported`, `requirements_file`: requirements that another tool locked or lists.
6. `fetch`, `download`, `index_users`: wheels into the cache, with the user's logins. `environment` installs some here.
7. `publishers`: who published the files of pins, as far as the index attests it.

What is done with wheels is in `toolkit.wheels`; when to lock is decided in `toolkit.job`.
"""
