//! A grown tree read node by node, for methods that model what lies in its leaves.

use super::{Grown, LEAF};

/// The splits of a grown tree; node 0 is the root.
#[derive(Debug, Clone, Copy)]
pub struct Splits<'a>(pub(crate) &'a Grown);

/// One node of a grown tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TreeNode {
    /// Sends rows with x\[feature\] ≤ point to `left`, others to `right`. Children have higher numbers.
    Branch {
        /// The feature it looks at.
        feature: usize,
        /// The largest value that goes left.
        point: f64,
        /// Number of the left child.
        left: usize,
        /// Number of the right child.
        right: usize,
    },
    /// The end of the way; leaves are counted from 0.
    Leaf(usize),
}

impl Splits<'_> {
    /// Number of nodes, leaves among them.
    pub fn nodes(self) -> usize {
        self.0.nodes.len()
    }

    /// Number of leaves.
    pub fn leaves(self) -> usize {
        self.0.nodes.iter().filter(|node| node.feature == LEAF).count()
    }

    /// A node by its number, which must be below [`nodes`](Self::nodes).
    pub fn node(self, number: usize) -> TreeNode {
        let node = self.0.nodes[number];
        let next = node.next as usize;
        if node.feature == LEAF {
            return TreeNode::Leaf(next);
        }
        TreeNode::Branch { feature: node.feature as usize, point: node.point, left: next, right: next + 1 }
    }

    /// The leaf in which a row of features ends.
    pub fn leaf(self, row: &[f64]) -> usize {
        let mut number = 0;
        loop {
            match self.node(number) {
                TreeNode::Leaf(leaf) => return leaf,
                TreeNode::Branch { feature, point, left, right } => {
                    number = if row[feature] <= point { left } else { right };
                }
            }
        }
    }
}
