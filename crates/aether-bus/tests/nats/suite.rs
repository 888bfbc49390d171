//! What every bus must do, with two and three nodes, on one server and on three.

mod two_nodes {
    use crate::site::Nodes;

    aether_bus::bus_conformance!(
        #[ignore = "needs nats-server: run cargo xtask integration"]
        Nodes::on_one_server(2)
    );
}

mod three_nodes {
    use crate::site::Nodes;

    aether_bus::bus_conformance!(
        #[ignore = "needs nats-server: run cargo xtask integration"]
        Nodes::on_one_server(3)
    );
}

mod three_servers {
    use crate::site::Nodes;

    aether_bus::bus_conformance!(
        #[ignore = "needs nats-server: run cargo xtask integration"]
        Nodes::on_three_servers()
    );
}
