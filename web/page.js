// Starts GraphiQL on the door that served this page.
//
// What the page shows first comes from attributes of #graphiql (the door's title and
// default query) or from the address (?query=, ?variables=). An address only fills the
// editor in; nothing runs before the reader presses the button.
"use strict";

(function start() {
  const root = document.getElementById("graphiql");
  if (typeof React === "undefined" || typeof ReactDOM === "undefined" || typeof GraphiQL === "undefined") {
    root.textContent =
      "GraphiQL could not be loaded: this build takes it from a content delivery network, " +
      "and the network did not give it. POST " + location.pathname + " works without it.";
    return;
  }

  const socket = new URL(root.dataset.socket, location.href);
  socket.protocol = location.protocol === "https:" ? "wss:" : "ws:";

  // The header editor's headers go with each POST, and into the connection_init payload
  // of each subscription: a token typed there serves both.
  const fetcher = GraphiQL.createFetcher({
    url: new URL(root.dataset.endpoint, location.href).href,
    subscriptionUrl: socket.href,
    enableIncrementalDelivery: false,
  });

  const asked = new URLSearchParams(location.search);
  const editor = React.createElement(
    GraphiQL,
    {
      fetcher,
      defaultQuery: root.dataset.query,
      query: asked.get("query") ?? undefined,
      variables: asked.get("variables") ?? undefined,
      // A token must not outlive the tab.
      shouldPersistHeaders: false,
      showPersistHeadersSettings: false,
    },
    React.createElement(GraphiQL.Logo, null, root.dataset.title),
  );
  ReactDOM.createRoot(root).render(editor);
})();
