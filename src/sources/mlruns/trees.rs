//! The folders of small files that hold what was logged: one file a key, a key with `/` is a file in a folder.

use super::parts::is_litter;
use crate::sources::{Fault, Folder, path};

/// A key has at most 250 characters, so no honest tree is deeper.
const DEPTH: usize = 128;

/// One folder to look through, and whatever the asker wants to get back with its files.
#[derive(Clone, Debug)]
pub struct Tree<T> {
    /// The folder.
    pub dir: String,
    /// Given back with each file.
    pub tag: T,
}

/// One file of a tree.
#[derive(Clone, Debug)]
pub struct Leaf<T> {
    /// The whole path.
    pub path: String,
    /// Below the tree's folder; `/` parts it, also where Windows wrote `\`.
    pub key: String,
    /// Of its tree.
    pub tag: T,
}

/// All files of all `trees`, asked for level by level: one question a level, however many trees.
///
/// # Errors
/// When the folder as a whole can not be read.
pub async fn leaves<T: Copy>(folder: &dyn Folder, trees: Vec<Tree<T>>) -> Result<Vec<Leaf<T>>, Fault> {
    let mut leaves = Vec::new();
    let mut level: Vec<(String, String, T)> =
        trees.into_iter().map(|tree| (tree.dir, String::new(), tree.tag)).collect();
    for _ in 0..DEPTH {
        if level.is_empty() {
            break;
        }
        let dirs: Vec<String> = level.iter().map(|(dir, ..)| dir.clone()).collect();
        let lists = folder.list(&dirs, false).await?;
        let mut next = Vec::new();
        for ((dir, key, tag), entries) in level.into_iter().zip(lists) {
            for entry in entries.into_iter().filter(|entry| !is_litter(&entry.name)) {
                let path = path::join(&dir, &entry.name);
                let key = path::join(&key, &entry.name.replace('\\', "/"));
                match entry.is_folder {
                    true => next.push((path, key, tag)),
                    false => leaves.push(Leaf { path, key, tag }),
                }
            }
        }
        level = next;
    }
    Ok(leaves)
}
