"""Several services together on one machine: what `tuntas up` and `tuntas demo` start and stop."""
