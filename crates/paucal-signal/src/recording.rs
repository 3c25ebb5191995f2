//! Recordings: channels over time, and what was marked in them.
