"""Stage 19: bots for other programs and other people. Enters: requests. Leaves: replies of `/v1` and `/api`, pages.

app       build_app: bots → a FastAPI application         service   what all routes share
callers   who asks, and what they may                     keys      API keys, kept as hashes
edge      what every request passes: hosts, keys, log     refused   what went wrong, as a status and JSON
users     people whom an issuer or a proxy knows
work      the synchronous bot behind a bounded queue      jobs      work that takes longer than a request
cited     an answer with links to its pages               events    server-sent events
formats   replies that are JSON of a schema
messages  OpenAI's messages → a question with history     metrics   counts for Prometheus
chat      /v1/chat/completions                            responses /v1/responses
models    /v1/models, /v1/embeddings                      ask       /api/ask, /api/search
pages     /api/pages, /api/passages                       documents /api/documents, /api/jobs
records   /api/traces, runs, cases, feedback, audit       health    /healthz, /readyz, /metrics
tools     the same as tools of MCP                        tools_http over HTTP, at /mcp
studio    the pages of people
run       an application on a port, until it is stopped
"""
