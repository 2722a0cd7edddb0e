"""The remoting door: RocketMQ's protocol on its connections, translated to verbs and back."""
