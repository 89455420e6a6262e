"""Cloudflare tunnels: two witnesses joined (the connectors themselves and the account's API), redundancy by edge site."""
