"""Documents through the policy: in batches, from the cache, and one by one where one kills its process."""
