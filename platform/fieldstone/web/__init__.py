"""The web application: REST API, OpenAPI, sessions, security headers; pages are added by plugins.

For plugins: `current_context`, `use_error_page`, `use_assets`, `log_in`, `log_out`, `csp_nonce`.
"""
