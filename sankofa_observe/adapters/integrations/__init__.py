"""The catalogue of what is scraped: one file an integration under `deploy/integrations/`, read, checked and made use of here.

A promise names an indicator of an entry; scrape jobs, SLI documents, target files and the reference page are made of entries, so
that no job, port or query is written twice.
"""
