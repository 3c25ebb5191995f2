//! Detectors of heart beats, one file each, in one registry.
