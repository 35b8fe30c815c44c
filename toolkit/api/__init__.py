"""The public Python API: what `toolkit` offers to programs, and what the commands of `comp` call.

A function has the name of its command, takes keywords, returns a frozen record, and raises the errors of
`toolkit.errors`. It prints nothing; progress and results go to callbacks as they come. It looks at no environment but
`environ`, which is the process's unless another is given.
"""
