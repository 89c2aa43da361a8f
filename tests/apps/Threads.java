import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** 2,000 threads alive at once, each with memory outside Java's heap; prints what they found. */
public class Threads {
    static final int THREADS = 2000;
    static final CountDownLatch arrived = new CountDownLatch(THREADS);
    static final CountDownLatch leave = new CountDownLatch(1);
    static final AtomicLong total = new AtomicLong();

    static void work(int number) {
        try {
            ByteBuffer direct = ByteBuffer.allocateDirect(1000 + number);
            for (int i = 0; i < direct.capacity(); i++) direct.put((byte) (i * number));
            arrived.countDown();
            leave.await();
            total.addAndGet(pack(direct));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    static long pack(ByteBuffer direct) throws Exception {
        byte[] input = new byte[direct.flip().remaining()];
        direct.get(input);
        Deflater deflater = new Deflater(1);
        deflater.setInput(input);
        deflater.finish();
        byte[] packed = new byte[2 * input.length + 100];
        int length = deflater.deflate(packed);
        deflater.end();
        Inflater inflater = new Inflater();
        inflater.setInput(packed, 0, length);
        byte[] back = new byte[input.length];
        inflater.inflate(back);
        inflater.end();
        if (!java.util.Arrays.equals(input, back)) throw new IllegalStateException("other bytes");
        return length;
    }

    public static void main(String[] arguments) throws Exception {
        Thread[] threads = new Thread[THREADS];
        for (int i = 0; i < THREADS; i++) {
            int number = i;
            threads[i] = new Thread(() -> work(number));
            threads[i].start();
        }
        arrived.await();
        System.out.println("all " + THREADS + " are alive");
        leave.countDown();
        for (Thread thread : threads) thread.join();
        System.out.println(total.get());
    }
}
