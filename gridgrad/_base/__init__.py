"""What everything stands on: errors, words, checks, caches."""
