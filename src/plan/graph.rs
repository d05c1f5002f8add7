//! A plan as a graph, for people and other programs. The only file that knows petgraph.

use crate::model::{Action, Plan, StepIndex};
use petgraph::{Direction, graph::DiGraph, graph::NodeIndex};
use std::{collections::BTreeSet, fmt::Write as _};

/// Returns the chain of running steps that takes longest by the plan's estimates, in order, and
/// how long it takes in milliseconds.
pub fn critical_path(plan: &Plan) -> (Vec<StepIndex>, u64) {
    let graph = graph(plan);
    let mut longest: Vec<(u64, Option<NodeIndex>)> = vec![(0, None); graph.node_count()];
    // Steps stand in an order in which each comes after what it needs.
    for node in graph.node_indices() {
        let before = graph
            .neighbors_directed(node, Direction::Incoming)
            .map(|need| (longest[need.index()].0, Some(need)))
            .max_by_key(|(length, _)| *length);
        let (length, need) = before.unwrap_or_default();
        longest[node.index()] = (length + cost(plan, node), need);
    }
    let last = graph
        .node_indices()
        .max_by_key(|node| longest[node.index()].0);
    let Some(last) = last.filter(|node| longest[node.index()].0 > 0) else {
        return (Vec::new(), 0);
    };
    let chain = std::iter::successors(Some(last), |node| longest[node.index()].1);
    let mut chain: Vec<_> = chain
        .filter(|node| cost(plan, *node) > 0)
        .map(|node| graph[node])
        .collect();
    chain.reverse();
    (chain, longest[last.index()].0)
}

/// Writes the plan for Graphviz.
pub fn dot(plan: &Plan) -> String {
    let critical: BTreeSet<_> = critical_path(plan).0.into_iter().collect();
    let mut text = String::from("digraph plan {\n  rankdir=LR;\n  node [shape=box];\n");
    let graph = graph(plan);
    for node in graph.node_indices() {
        let index = graph[node];
        let step = plan.step(index);
        let style = match (&step.action, critical.contains(&index)) {
            (Action::Keep, _) => "style=dashed",
            (Action::Run(_), true) => "style=bold, color=red",
            (Action::Run(_), false) => "style=solid",
        };
        put(
            &mut text,
            format_args!("  {:?} [{style}];", step.key.as_str()),
        );
    }
    for edge in graph.edge_indices() {
        let (from, to) = graph
            .edge_endpoints(edge)
            .expect("the edge is in the graph");
        let (from, to) = (graph[from], graph[to]);
        let style = if critical.contains(&from) && critical.contains(&to) {
            " [color=red]"
        } else {
            ""
        };
        let (from, to) = (plan.step(from).key.as_str(), plan.step(to).key.as_str());
        put(&mut text, format_args!("  {from:?} -> {to:?}{style};"));
    }
    text.push_str("}\n");
    text
}

/// Writes the plan for Mermaid.
pub fn mermaid(plan: &Plan) -> String {
    let critical: BTreeSet<_> = critical_path(plan).0.into_iter().collect();
    let mut text = String::from("graph LR\n");
    for (at, step) in plan.steps.iter().enumerate() {
        let class = match (&step.action, critical.contains(&StepIndex(at as u32))) {
            (Action::Keep, _) => ":::keep",
            (Action::Run(_), true) => ":::critical",
            (Action::Run(_), false) => "",
        };
        put(&mut text, format_args!("  s{at}[\"{}\"]{class}", step.key));
    }
    for (at, step) in plan.steps.iter().enumerate() {
        for need in &step.needs {
            put(&mut text, format_args!("  s{} --> s{at}", need.0));
        }
    }
    text.push_str(
        "  classDef keep stroke-dasharray: 4\n  classDef critical stroke:#c00,stroke-width:3px\n",
    );
    text
}

/// Steps as nodes, in the plan's order, and an edge from each step to those that need it.
fn graph(plan: &Plan) -> DiGraph<StepIndex, ()> {
    let mut graph = DiGraph::with_capacity(plan.steps.len(), plan.steps.len() * 2);
    let nodes: Vec<_> = (0..plan.steps.len())
        .map(|at| graph.add_node(StepIndex(at as u32)))
        .collect();
    for (at, step) in plan.steps.iter().enumerate() {
        for need in &step.needs {
            graph.add_edge(nodes[need.get()], nodes[at], ());
        }
    }
    graph
}

fn cost(plan: &Plan, node: NodeIndex) -> u64 {
    let step = &plan.steps[node.index()];
    if step.will_run() {
        step.estimate_ms.max(1)
    } else {
        0
    }
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("writing to a String cannot fail");
}
