"""ganbook against named rivals: ratios of times taken in the same run."""
