import apache.rocketmq.v2.Address;
import apache.rocketmq.v2.AddressScheme;
import apache.rocketmq.v2.Endpoints;
import apache.rocketmq.v2.MessageQueue;
import apache.rocketmq.v2.MessagingServiceGrpc;
import apache.rocketmq.v2.QueryRouteRequest;
import apache.rocketmq.v2.QueryRouteResponse;
import apache.rocketmq.v2.Resource;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.util.concurrent.TimeUnit;

/**
 * Asks a proxy over gRPC for a topic's route and prints `status CODE`, and `queue BROKER ID` for each queue.
 * Arguments: host, port, topic.
 */
public class GrpcRoute {
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[1]);
        ManagedChannel channel = NettyChannelBuilder.forAddress(arguments[0], port).usePlaintext().build();
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("x-mq-client-id", Metadata.ASCII_STRING_MARSHALLER), "nsredis-test");
        headers.put(Metadata.Key.of("x-mq-language", Metadata.ASCII_STRING_MARSHALLER), "JAVA");
        Endpoints seen = Endpoints.newBuilder().setScheme(AddressScheme.IPv4)
            .addAddresses(Address.newBuilder().setHost(arguments[0]).setPort(port)).build();
        QueryRouteRequest request = QueryRouteRequest.newBuilder()
            .setTopic(Resource.newBuilder().setName(arguments[2])).setEndpoints(seen).build();
        QueryRouteResponse answer = MessagingServiceGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
            .withDeadlineAfter(10, TimeUnit.SECONDS).queryRoute(request);
        System.out.println("status\t" + answer.getStatus().getCode());
        for (MessageQueue queue : answer.getMessageQueuesList()) {
            System.out.println("queue\t" + queue.getBroker().getName() + "\t" + queue.getId());
        }
        System.out.println("done");
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }
}
