import java.io.FileReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.quota.ClientQuotaFilterComponent;

/**
 * Sets quotas of one Kafka user or one client id, and prints those that the cluster then has: what kafka-configs.sh
 * does, which is no part of what scripts/install fetches.
 *
 * <pre>java -cp 'libs/*' Quota.java CLIENT-PROPERTIES USER|client-id:ID [NAME=VALUE | NAME=]...</pre>
 *
 * Without a value a quota is taken away.
 */
public final class Quota {
    private static final long PATIENCE_NANOS = 30_000_000_000L;
    private static final long STEP_MS = 20;
    private static final String CLIENT_ID = "client-id:";

    private Quota() {
    }

    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        try (FileReader reader = new FileReader(arguments[0], StandardCharsets.UTF_8)) {
            properties.load(reader);
        }
        Map<String, Double> wanted = new TreeMap<>();
        for (int i = 2; i < arguments.length; i++) {
            String[] pair = arguments[i].split("=", 2);
            wanted.put(pair[0], pair[1].isEmpty() ? null : Double.valueOf(pair[1]));
        }
        try (Admin admin = Admin.create(properties)) {
            Map.Entry<String, String> whose = entity(arguments[1]);
            alter(admin, whose, wanted);
            await(admin, whose, wanted);
            System.out.println(quotas(admin, whose));
        }
    }

    private static Map.Entry<String, String> entity(String argument) {
        return argument.startsWith(CLIENT_ID)
            ? Map.entry(ClientQuotaEntity.CLIENT_ID, argument.substring(CLIENT_ID.length()))
            : Map.entry(ClientQuotaEntity.USER, argument);
    }

    private static void alter(Admin admin, Map.Entry<String, String> whose, Map<String, Double> wanted) throws Exception {
        List<ClientQuotaAlteration.Op> changes = new ArrayList<>();
        wanted.forEach((name, value) -> changes.add(new ClientQuotaAlteration.Op(name, value)));
        ClientQuotaEntity entity = new ClientQuotaEntity(Map.ofEntries(whose));
        admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, changes))).all().get();
    }

    private static Map<String, Double> quotas(Admin admin, Map.Entry<String, String> whose) throws Exception {
        ClientQuotaFilter filter = ClientQuotaFilter.containsOnly(
            List.of(ClientQuotaFilterComponent.ofEntity(whose.getKey(), whose.getValue())));
        Map<String, Double> found = new TreeMap<>();
        admin.describeClientQuotas(filter).entities().get().values().forEach(found::putAll);
        return found;
    }

    /** The controller has answered; the broker follows in a moment. */
    private static void await(Admin admin, Map.Entry<String, String> whose, Map<String, Double> wanted) throws Exception {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!has(quotas(admin, whose), wanted)) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("the broker does not take over what its controller has");
            }
            Thread.sleep(STEP_MS);
        }
    }

    private static boolean has(Map<String, Double> found, Map<String, Double> wanted) {
        return wanted.entrySet().stream().allMatch(
            quota -> quota.getValue() == null ? !found.containsKey(quota.getKey())
                                              : quota.getValue().equals(found.get(quota.getKey())));
    }
}
