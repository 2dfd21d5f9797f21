"""Back-testing: months of documents under rule sets, compared with events that are known."""
