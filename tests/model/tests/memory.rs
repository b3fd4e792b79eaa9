//! Compares the engine on memory stores with the model. Time is simulated.

#[test]
fn the_engine_equals_the_model() {
    println!("{:?}", model::search(400, model::run));
}
