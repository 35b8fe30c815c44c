"""HTTP as everything here speaks it: proxies, TLS, redirects, retries, deadlines, and bounds on what servers send.

One transport serves images and packages alike. It knows nothing of either, nor of who may see what: that is
`toolkit.remote`'s and `toolkit.python`'s business.
"""
