"""The subset of JQL that an integration uses: parsed, checked against the site, and matched against issues."""
