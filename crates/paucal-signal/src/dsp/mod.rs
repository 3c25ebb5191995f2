//! Filters and resampling, in f64, with the conventions of SciPy.
