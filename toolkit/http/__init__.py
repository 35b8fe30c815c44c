"""HTTP: proxies, TLS, redirects, retries, deadlines, and bounds on answers.

One transport serves images and packages alike. It knows neither, and no credentials but those of proxies:
`toolkit.remote` and `toolkit.requirements` add theirs.
"""
