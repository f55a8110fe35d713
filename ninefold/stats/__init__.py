"""Statistics: intervals, paired and always-valid tests, corrections, mergeable histograms. Numbers in, numbers out."""
