//! The bus of one process, held to what every bus must do.

use aether_bus::EventBus;
use aether_bus::testing::BusUnderTest;

struct Local;

impl BusUnderTest for Local {
    type Node = EventBus;

    async fn open(&self) -> Vec<EventBus> {
        vec![EventBus::new()]
    }
}

aether_bus::bus_conformance!(Local);
