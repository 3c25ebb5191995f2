//! Fewer points for the same line.
//!
//! Douglas and Peucker: *Algorithms for the reduction of the number of points required to represent a digitized
//! line* (1973). An ECG keeps about a quarter of its points at a tolerance that no screen can show.

/// What no screen shows, in pixels.
const TOLERANCE: f64 = 0.2;

/// A line that looks the same on any screen.
pub(crate) fn simplified(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    within(points, TOLERANCE)
}

/// The points that must remain so that no point lies farther than `tolerance` from the line; both ends do.
fn within(points: &[(f64, f64)], tolerance: f64) -> Vec<(f64, f64)> {
    if points.len() < 3 {
        return points.to_vec();
    }
    let mut kept = vec![false; points.len()];
    let last = points.len() - 1;
    (kept[0], kept[last]) = (true, true);
    // A stack instead of recursion: a day of signal must not run out of it.
    let mut stretches = vec![(0, last)];
    while let Some((from, to)) = stretches.pop() {
        let distances = (from + 1..to).map(|i| (i, distance(points[i], points[from], points[to])));
        let farthest =
            distances.fold((from, tolerance), |best, next| if next.1 > best.1 { next } else { best });
        if farthest.0 > from {
            kept[farthest.0] = true;
            stretches.extend([(from, farthest.0), (farthest.0, to)]);
        }
    }
    points.iter().zip(kept).filter(|(_, keep)| *keep).map(|(point, _)| *point).collect()
}

/// Distance of a point from the stretch between two others.
fn distance((x, y): (f64, f64), (x0, y0): (f64, f64), (x1, y1): (f64, f64)) -> f64 {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 { (((x - x0) * dx + (y - y0) * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    (x - x0 - along * dx).hypot(y - y0 - along * dy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_straight_line_is_its_ends_and_a_peak_stays() {
        let line: Vec<_> = (0..100).map(|i| (f64::from(i), 2.0 * f64::from(i))).collect();
        assert_eq!(within(&line, 0.1), [line[0], line[99]]);
        let peak = [(0.0, 0.0), (1.0, 0.0), (2.0, 5.0), (3.0, 0.0), (4.0, 0.0)];
        assert_eq!(within(&peak, 0.1), peak);
    }

    proptest! {
        #[test]
        fn no_point_is_farther_away_than_agreed(heights in prop::collection::vec(-50.0..50.0f64, 0..120)) {
            let points: Vec<_> = heights.iter().enumerate().map(|(i, h)| (i as f64, *h)).collect();
            let few = within(&points, 0.5);
            prop_assert_eq!((few.first(), few.last()), (points.first(), points.last()));
            for point in &points {
                let near = few.windows(2).map(|w| distance(*point, w[0], w[1])).fold(f64::MAX, f64::min);
                prop_assert!(points.len() < 2 || near <= 0.5 + 1e-9);
            }
        }
    }
}
