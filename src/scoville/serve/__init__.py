"""Stage 19: bots over HTTP, for programs and other people. Enters: requests. Leaves: replies of `/v1` and `/api`.

app       build_app: bots → a FastAPI application         service   what all routes share
callers   who asks, and what they may                     keys      API keys, kept as hashes
edge      what every request passes: hosts, sizes, log    refused   what went wrong, as a status and JSON
work      the synchronous bot behind a bounded queue      cited     an answer with links to its pages
chat      /v1/chat/completions                            responses /v1/responses
models    /v1/models, /v1/embeddings                      ask       /api/ask, /api/search
pages     /api/pages, /api/passages                       documents /api/documents, /api/jobs
records   /api/traces, runs, cases, feedback, audit       health    /healthz, /readyz, /metrics
run       an application on a port, until it is stopped
"""
