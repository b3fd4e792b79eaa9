//! Finds circular imports between the modules of a crate.
//!
//! Every module has a graph of its children and its own items. A path between the subtrees of two
//! children is an edge between these children. A path to an item of an ancestor is an edge to that
//! ancestor's own items. A path in a module's own items to a child is an edge too, but `mod child;`
//! is not, nor is a `pub use` of a name that the items do not use. A path through a re-export has
//! two edges: to the module that re-exports and to the module that defines. Tests inside a module
//! do not count.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::paths::{self, Found, Import, Source};

/// Maximum re-exports on the way to an item: some lead to each other.
const MAX_REEXPORTS: usize = 8;
/// How many places a report names for each edge.
const MAX_PLACES: usize = 4;

struct Module {
    /// Its path from the root of the crate: `["engine", "decide"]`.
    path: Vec<String>,
    parent: Option<usize>,
    file: PathBuf,
    source: Source,
    /// The outermost module around it, or itself, that is built for tests only.
    tests: Option<usize>,
}

pub(crate) struct Crate<'a> {
    modules: Vec<Module>,
    read: &'a dyn Fn(&Path) -> Option<String>,
}

/// For each edge the places in the sources that make it: file and line, and the path there.
type Graph = BTreeMap<(usize, usize), BTreeMap<String, String>>;

/// Every circular import in the crate with the root file `root`, as `a -> b -> a` and the places.
/// `read` returns the text of a file, or `None` if there is no such file.
pub(crate) fn cycles(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Vec<String> {
    let mut found = Crate { modules: Vec::new(), read };
    let directory = root.parent().expect("the directory of a file");
    found.load(root, directory, &[], None, false);
    found.graphs().values().flat_map(|graph| found.cycles_in(graph)).collect()
}

impl Crate<'_> {
    /// Reads `file` and the modules that it declares, which are in `directory`.
    fn load(
        &mut self,
        file: &Path,
        directory: &Path,
        path: &[String],
        parent: Option<usize>,
        test: bool,
    ) {
        let text = (self.read)(file).unwrap_or_else(|| panic!("{} is missing", file.display()));
        let source = paths::read(&text, &path.join("/"));
        let declared: Vec<_> = source
            .modules
            .iter()
            .map(|module| (module.name.clone(), module.file.clone(), module.test))
            .collect();
        let index = self.modules.len();
        let tests = parent.and_then(|parent| self.modules[parent].tests);
        let tests = tests.or(test.then_some(index));
        self.modules.push(Module {
            path: path.to_owned(),
            parent,
            file: file.to_owned(),
            source,
            tests,
        });
        for (name, given, test) in declared {
            let flat = directory.join(format!("{name}.rs"));
            let nested = directory.join(&name).join("mod.rs");
            let (file, inner) = match given {
                Some(given) => {
                    let file = file.with_file_name(given);
                    let inner = file.parent().expect("the directory of a file").to_owned();
                    (file, inner)
                }
                None if (self.read)(&flat).is_some() => (flat, directory.join(&name)),
                None => (nested, directory.join(&name)),
            };
            let path = [path, &[name]].concat();
            self.load(&file, &inner, &path, Some(index), test);
        }
    }

    /// The graph of each module that has children.
    fn graphs(&self) -> BTreeMap<usize, Graph> {
        let mut graphs: BTreeMap<usize, Graph> = BTreeMap::new();
        for (from, module) in self.modules.iter().enumerate() {
            for found in module.source.paths.iter().filter(|found| !found.test) {
                for to in self.imported(from, &found.segments) {
                    if let Some((parent, edge)) = self.edge(from, to, found) {
                        let place = format!("{}:{}", module.file.display(), found.line);
                        let places = graphs.entry(parent).or_default().entry(edge).or_default();
                        places.entry(place).or_insert_with(|| found.segments.join("::"));
                    }
                }
            }
        }
        graphs
    }

    /// The edge that an import makes, and in whose graph.
    fn edge(&self, from: usize, to: usize, found: &Found) -> Option<(usize, (usize, usize))> {
        let (source, target) = (&self.modules[from], &self.modules[to]);
        if from == to || source.tests != target.tests {
            return None;
        }
        let (above_from, above_to) = (self.lineage(from), self.lineage(to));
        let shared = above_from.iter().zip(&above_to).take_while(|(a, b)| a == b).count();
        let parent = above_from[shared - 1];
        let node = |lineage: &[usize]| lineage.get(shared).copied().unwrap_or(parent);
        let only_reexported = |import: &Import| {
            import.reexport && parent == from && !source.source.names.contains(&import.name)
        };
        if found.import.as_ref().is_some_and(only_reexported) {
            return None;
        }
        Some((parent, (node(&above_from), node(&above_to))))
    }

    /// The module's ancestors from the root on, and itself.
    fn lineage(&self, module: usize) -> Vec<usize> {
        let mut lineage: Vec<_> =
            std::iter::successors(Some(module), |module| self.modules[*module].parent).collect();
        lineage.reverse();
        lineage
    }

    fn child(&self, parent: usize, name: &str) -> Option<usize> {
        self.modules.iter().position(|module| {
            module.parent == Some(parent) && module.path.last().is_some_and(|last| last == name)
        })
    }

    /// The modules that a path in the module `from` leads to and passes as re-exports.
    fn imported(&self, from: usize, segments: &[String]) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        self.follow(from, from, segments, MAX_REEXPORTS, &mut reached);
        reached
    }

    /// Follows a path that is written in the module `at`, on behalf of the module `user`.
    fn follow(
        &self,
        user: usize,
        at: usize,
        segments: &[String],
        reexports: usize,
        reached: &mut BTreeSet<usize>,
    ) {
        let Some((first, rest)) = segments.split_first() else { return };
        if first == "crate" {
            self.descend(user, 0, rest, reexports, reached);
        } else if let Some(child) = self.child(at, first) {
            self.descend(user, child, rest, reexports, reached);
        } else if !rest.is_empty() {
            self.follow_bound(user, at, segments, reexports, reached);
        }
    }

    /// Follows `segments` from the module `at` downwards.
    fn descend(
        &self,
        user: usize,
        at: usize,
        segments: &[String],
        reexports: usize,
        reached: &mut BTreeSet<usize>,
    ) {
        let Some((name, rest)) = segments.split_first() else {
            reached.insert(at);
            return;
        };
        if let Some(child) = self.child(at, name) {
            self.descend(user, child, rest, reexports, reached);
        } else {
            reached.insert(at);
            self.follow_bound(user, at, segments, reexports, reached);
        }
    }

    /// Follows a path whose first name a `use` in the module `at` may have bound.
    fn follow_bound(
        &self,
        user: usize,
        at: usize,
        segments: &[String],
        reexports: usize,
        reached: &mut BTreeSet<usize>,
    ) {
        let (Some(reexports), Some((name, rest))) =
            (reexports.checked_sub(1), segments.split_first())
        else {
            return;
        };
        let names = &self.modules[user].source.names;
        for found in self.modules[at].source.paths.iter().filter(|found| !found.test) {
            let Some(import) = &found.import else { continue };
            if import.name == *name && name != "*" {
                let path = [&found.segments[..], rest].concat();
                self.follow(user, at, &path, reexports, reached);
            } else if name == "*" && names.contains(&import.name) {
                self.follow(user, at, &found.segments, reexports, reached);
            }
        }
    }

    /// The shortest cycle through each edge.
    fn cycles_in(&self, graph: &Graph) -> Vec<String> {
        let mut cycles = BTreeSet::new();
        for (from, to) in graph.keys() {
            if let Some(mut cycle) = shortest_path(graph, *to, *from) {
                let least = cycle.iter().enumerate().min_by_key(|(_, node)| **node);
                let start = least.map_or(0, |(start, _)| start);
                cycle.rotate_left(start);
                cycles.insert(cycle);
            }
        }
        cycles.iter().map(|cycle| self.describe(graph, cycle)).collect()
    }

    fn describe(&self, graph: &Graph, cycle: &[usize]) -> String {
        let nodes: Vec<_> = cycle.iter().chain(&cycle[..1]).copied().collect();
        let names: Vec<_> = nodes.iter().map(|node| self.name(*node)).collect();
        let mut text = names.join(" -> ");
        for pair in nodes.windows(2) {
            let places = &graph[&(pair[0], pair[1])];
            text += &format!("\n    {} -> {}", self.name(pair[0]), self.name(pair[1]));
            for (place, path) in places.iter().take(MAX_PLACES) {
                text += &format!("\n        {place}: {path}");
            }
            if let Some(more @ 1..) = places.len().checked_sub(MAX_PLACES) {
                text += &format!("\n        and {more} more");
            }
        }
        text
    }

    fn name(&self, module: usize) -> String {
        let path = &self.modules[module].path;
        if path.is_empty() { "crate".to_owned() } else { path.join("::") }
    }
}

/// The nodes from `from` to `to`, both included, over the fewest edges.
fn shortest_path(graph: &Graph, from: usize, to: usize) -> Option<Vec<usize>> {
    let mut reached_from = BTreeMap::from([(from, from)]);
    let mut queue = VecDeque::from([from]);
    while let Some(node) = queue.pop_front() {
        if node == to {
            let back = |node: &usize| Some(reached_from[node]).filter(|before| before != node);
            let mut path: Vec<_> = std::iter::successors(Some(to), back).collect();
            path.reverse();
            return Some(path);
        }
        for (_, next) in graph.keys().filter(|(start, _)| *start == node) {
            if !reached_from.contains_key(next) {
                reached_from.insert(*next, node);
                queue.push_back(*next);
            }
        }
    }
    None
}
