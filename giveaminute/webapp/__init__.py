"""For web.py applications: a session around each request, a guard against the wrong schema, a status page."""
