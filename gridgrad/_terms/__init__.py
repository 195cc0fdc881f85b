"""What is computed, of no library: lists of terms."""
