//! The engine over memory stores, whose clocks jump.

#[test]
fn the_engine_is_as_the_model_says() {
    println!("{:?}", model::search(400, model::run));
}
